/** The card with the details of what was picked. */
import { UNREACHED_S } from '../decode'
import type { Selection } from '../selection'
import type { View } from '../state'
import { mainMode, words, type Context, type Part, type Words } from './context'
import { button, definitions, el, type Child } from './dom'

const CANDIDATE_STATUS = {
  eligible: 'legend.candidate.eligible',
  review: 'legend.candidate.review',
  refused: 'legend.candidate.refused'
} as const

interface Content {
  kind: string
  name: string
  body: Child[]
}

const place = (lon: number, lat: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`

/** A table with one row a phase; the chosen phase is marked. */
function byPhase(context: Context, view: View, w: Words, heads: string[], rows: (string[] | null)[]): HTMLElement {
  return el(
    'table',
    {},
    el('thead', {}, el('tr', {}, ...[w.t('table.phase'), ...heads].map(head => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, ...context.run.phases.map((phase, i) =>
      el('tr', i === view.phase ? { class: 'now', 'aria-current': 'true' } : {},
        el('th', { scope: 'row' }, `${i + 1}. ${w.pick(phase.name)}`),
        ...(rows[i] ?? heads.map(() => '–')).map(value => el('td', {}, value))
      )
    ))
  )
}

function agent(context: Context, index: number, view: View, w: Words): Content | null {
  const { run } = context
  const { t, format } = w
  const it = run.agents[index]
  if (!it) return null
  const phase = run.phases[it.phase]
  const status = it.fixed ? 'legend.agent.fixed'
    : it.phase === view.phase ? 'legend.agent.now'
    : it.phase < view.phase ? 'legend.agent.before' : 'legend.agent.later'
  const rows: [string, Child][] = [[t('detail.status'), t(status)]]
  if (phase && !it.fixed) rows.push([t('detail.phase'), `${it.phase + 1}. ${w.pick(phase.name)}`])
  if (it.order !== null) rows.push([t('detail.order'), format.count(it.order)])
  rows.push([t('detail.nearest'), format.count(it.persons_nearest)])
  rows.push([t('detail.marginal'), format.count(it.persons_marginal)])
  if (it.why) rows.push([t('detail.why'), w.pick(it.why)])
  rows.push([t('detail.id'), it.id], [t('detail.place'), place(it.lon, it.lat)])
  return { kind: t('detail.agent'), name: it.name, body: [definitions(rows)] }
}

function candidate({ run }: Context, index: number, w: Words): Content | null {
  const { t } = w
  const it = run.candidates[index]
  if (!it) return null
  const rows: [string, Child][] = [[t('detail.status'), t(CANDIDATE_STATUS[it.status])]]
  if (it.why) rows.push([t('detail.why'), w.pick(it.why)])
  rows.push([t('detail.id'), it.id], [t('detail.place'), place(it.lon, it.lat)])
  return { kind: t('detail.candidate'), name: it.name, body: [definitions(rows)] }
}

function uncovered({ run }: Context, index: number, w: Words): Content | null {
  const { t, format } = w
  const it = run.uncovered[index]
  if (!it) return null
  return {
    kind: t('detail.uncovered'),
    name: it.name,
    body: [definitions([
      [t('detail.persons'), format.count(it.persons)],
      [t('detail.nearest_agent'), format.distance(it.nearest_agent_m)],
      [t('detail.nearest_candidate'),
        it.nearest_candidate_m === null ? t('detail.no_candidate') : format.distance(it.nearest_candidate_m)],
      [t('detail.place'), place(it.lon, it.lat)]
    ])]
  }
}

function cell(context: Context, index: number, view: View, w: Words): Content | null {
  const { run } = context
  const { t, format } = w
  const { cells } = run
  if (index < 0 || index >= cells.count) return null
  const persons = cells.persons[index] ?? 0
  const area = cells.boundary[index] ?? -1
  const commune = area >= 0 ? run.boundaries[0]?.features.features[area]?.properties : undefined
  const rows: [string, Child][] = [[t('detail.persons'), persons < 10 ? format.decimal(persons) : format.count(persons)]]
  if (commune) {
    const open = () => context.select({ kind: 'boundary', layer: 0, index: area })
    rows.push([t('detail.in'), button({ class: 'link' }, commune.name, open)])
  }
  rows.push([t('detail.place'), place(cells.lon[index] ?? 0, cells.lat[index] ?? 0)])
  const phases = run.phases.map((_, phase) => {
    const time = cells.timeS[phase]?.[index] ?? UNREACHED_S
    return [
      time === UNREACHED_S ? t('detail.unreached') : format.minutes(time),
      format.share((cells.covered[phase]?.[index] ?? 0) / 255, 0)
    ]
  })
  const heads = [t('detail.time_by', { mode: mainMode(run, w) }), t('colouring.served')]
  return { kind: t('detail.cell'), name: commune?.name ?? '', body: [definitions(rows), byPhase(context, view, w, heads, phases)] }
}

function boundary(context: Context, layer: number, index: number, view: View, w: Words): Content | null {
  const { t, format } = w
  const { boundaries } = context.run
  const it = boundaries[layer]?.features.features[index]?.properties
  if (!it) return null
  const phases = context.run.phases.map((_, phase) => {
    const figures = it.phases?.[phase]
    if (!figures) return null
    return [format.share(figures.covered_share), format.minutes(figures.mean_time_s), format.minutes(figures.worst_time_s)]
  })
  const facts = definitions([[t('detail.persons'), format.count(it.persons)], [t('detail.code'), it.code]])
  const heads = [t('table.share'), t('table.time'), t('table.worst')]
  const some = phases.some(Boolean)
  const table = some ? byPhase(context, view, w, heads, phases) : el('p', {}, t('detail.nothing'))
  return { kind: boundaries[layer] ? w.pick(boundaries[layer].name) : '', name: it.name, body: [facts, table] }
}

function content(context: Context, selection: Selection, view: View, w: Words): Content | null {
  switch (selection.kind) {
    case 'agent':
      return agent(context, selection.index, view, w)
    case 'candidate':
      return candidate(context, selection.index, w)
    case 'uncovered':
      return uncovered(context, selection.index, w)
    case 'cell':
      return cell(context, selection.index, view, w)
    case 'boundary':
      return boundary(context, selection.layer, selection.index, view, w)
    default:
      return null
  }
}

/** The card, and a way to fill it. */
export function details(context: Context): Part & { show: (selection: Selection | null) => void } {
  const root = el('aside', { class: 'details', hidden: true, 'aria-live': 'polite' })
  let selection: Selection | null = null
  const update = (view: View) => {
    const w = words(view)
    const shown = selection && content(context, selection, view, w)
    root.hidden = !shown
    root.setAttribute('aria-label', w.t('detail.title'))
    if (!shown) return root.replaceChildren()
    const close = button({ class: 'close', 'aria-label': w.t('detail.close') }, '✕', () => context.select(null))
    root.replaceChildren(
      el('div', { class: 'details-head' }, el('div', {}, el('p', { class: 'kind' }, shown.kind), el('h2', {}, shown.name || '–')), close),
      ...shown.body.filter((child): child is Node => child instanceof Node)
    )
  }
  window.addEventListener('keydown', event => {
    if (event.key === 'Escape' && selection) context.select(null)
  })
  return {
    root,
    update,
    show(next) {
      selection = next
      update(context.store.view)
    }
  }
}
