/** What stands on paper around the map: title, indicators, legend, sources, assumptions and the date. Hidden on screens. */
import { layerName } from '../map/legend'
import type { View } from '../state'
import { change, difference } from './change'
import { standardOf, words, type Context, type Part, type Words } from './context'
import { data, el, fill, type Child } from './dom'
import { indicatorsOf } from './indicators'
import { groupsOf, legendBody, legendFor } from './layer-list'

/** The phase of a side in one line. */
function phaseLine({ run, store }: Context, w: Words): Child[] {
  const { phase: index } = store.view
  const phase = run.phases[index]
  if (!phase) return [w.t('phase.none')]
  const number = w.t('phase.of', { number: String(index + 1), total: String(run.phases.length) })
  return [number, ' · ', el('b', {}, data(w.pick(phase.name))), ' · ', w.format.dates(phase.starts, phase.ends)]
}

function figure(name: string, value: string, notes: Child[]): HTMLElement {
  return el('div', { class: 'sheet-figure' }, el('dt', {}, name), el('dd', {}, el('b', {}, value), ...notes))
}

function strip(context: Context, w: Words): HTMLElement[] {
  const { run, store } = context
  const { t, format } = w
  const phase = run.phases[store.view.phase]
  if (!phase) return []
  const before = run.phases[store.view.phase - 1]
  const { today } = run
  const against = (label: string, made: HTMLElement) => el('p', {}, made, ' ', el('span', { class: 'against' }, label))
  const points = (value: number) => format.points(value)
  const share = figure(t('indicator.share'), format.share(phase.covered_share), [
    before && against(t('indicator.vs_before'), change(difference(phase.covered_share, before.covered_share), points, w, 'more-is-better')),
    today && against(t('indicator.vs_today'), change(difference(phase.covered_share, today.covered_share), points, w, 'more-is-better'))
  ])
  return [share, ...indicatorsOf(phase, before, today, w).map(one => figure(one.name, one.shown(one.now), [
    one.id === 'worst' || one.id === 'scope' ? el('p', { class: 'against' }, one.note) : null,
    before && against(t('indicator.vs_before'), change(difference(one.now, one.before), one.changed, w, one.meaning)),
    today && one.today !== undefined && against(t('indicator.vs_today'), change(difference(one.now, one.today), one.changed, w, one.meaning))
  ]))]
}

/** The figures of two runs beside each other. */
function stripOfTwo(a: Context, b: Context, w: Words): HTMLElement[] {
  const [phaseA, phaseB] = [a.run.phases[a.store.view.phase], b.run.phases[b.store.view.phase]]
  if (!phaseA || !phaseB) return []
  const ofB = indicatorsOf(phaseB, undefined, null, w)
  const pair = (name: string, of: string, to: string, made: HTMLElement) =>
    figure(name, '', [el('p', {}, 'A ', el('b', {}, of)), el('p', {}, 'B ', el('b', {}, to)), el('p', {}, made)])
  return [
    pair(w.t('indicator.share'), w.format.share(phaseA.covered_share), w.format.share(phaseB.covered_share),
      change(difference(phaseB.covered_share, phaseA.covered_share), v => w.format.points(v), w, 'more-is-better')),
    ...indicatorsOf(phaseA, undefined, null, w).map(one => {
      const theirs = ofB.find(other => other.id === one.id)?.now ?? null
      return pair(one.name, one.shown(one.now), one.shown(theirs), change(difference(theirs, one.now), one.changed, w, one.meaning))
    })
  ]
}

function legends(context: Context, view: View, w: Words): HTMLElement[] {
  const { run } = context
  return groupsOf(context).flatMap(group => group.ids).filter(id => view.layers.includes(id)).flatMap(id => {
    const legend = legendFor(context, id, view, w)
    if (legend.empty) return []
    return [el('div', { class: `sheet-layer of-${id.replace(/\d+$/, '')}` }, el('h3', {}, data(layerName(run, id, w))), ...legendBody({ ...legend, source: null }, w))]
  })
}

function sources(contexts: Context[], w: Words): Child[] {
  const all = contexts.flatMap(({ run }) => [
    ...run.sources.map(source => [w.pick(source.name), source.date].filter(Boolean).join(' ')), ...run.attribution
  ])
  const notes = [...new Set(contexts.flatMap(({ run }) => run.notes.map(w.pick)))]
  return [
    notes.length > 0 && el('p', {}, el('b', {}, `${w.t('print.notes')}: `), data(notes.join(' '))),
    el('p', {}, el('b', {}, `${w.t('print.sources')}: `), data([...new Set(all)].join('; ')), `. gandan ${contexts[0]?.run.version ?? ''}, MapLibre.`)
  ]
}

export function sheet(contexts: Context[]): Part[] {
  const [first, second] = contexts
  const head = el('div', { class: 'sheet-head sheet-part' })
  const figures = el('dl', { class: 'sheet-strip sheet-part' })
  const legend = el('div', { class: 'sheet-legend sheet-part' })
  const foot = el('div', { class: 'sheet-foot sheet-part' })
  if (!first) return []
  let stale = true
  let shown: View | null = null
  const draw = () => {
    if (!stale || !shown) return
    stale = false
    const w = words(shown)
    const { t } = w
    fill(head,
      el('div', {},
        el('p', { class: 'eyebrow' }, t(second ? 'page.compare' : 'page.kind')),
        ...contexts.map(context => el('div', {},
          el('p', { class: 'sheet-title' }, second && el('span', { class: `badge ${context.side}` }, context.side.toUpperCase()), second && ' ', data(w.pick(context.run.title))),
          el('p', {}, ...phaseLine(context, w))))),
      el('div', { class: 'sheet-aside' }, el('p', {}, standardOf(first.run, w)), el('p', {}, t('print.made', { date: w.format.today() })),
        contexts.some(({ run }) => run.synthetic) && el('p', { class: 'sheet-warning' }, t('synthetic'))))
    fill(figures, ...(second ? stripOfTwo(first, second, w) : strip(first, w)))
    fill(legend, el('h2', {}, t('print.legend')), ...legends(first, shown, w))
    fill(foot, ...sources(contexts, w))
  }
  // Drawn only when it is needed, and again for another day.
  window.addEventListener('beforeprint', () => {
    stale = true
    draw()
  })
  window.matchMedia('print').addEventListener('change', event => event.matches && draw())
  const part = (root: HTMLElement): Part => ({ root, update: () => undefined })
  return [
    { root: head, update(view) { shown = view; stale = true; if (window.matchMedia('print').matches) draw() } },
    ...[figures, legend, foot].map(part)
  ]
}
