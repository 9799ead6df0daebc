/** The layers with their switches and legends. */
import { drawIcon, type Icon } from '../map/icons'
import { bandColour, roadColour } from '../map/style'
import { bandsOf } from '../map/view'
import { layerIds } from '../layers'
import { COLOURINGS, type ClassBand } from '../palette'
import type { View } from '../state'
import type { Key } from '../strings'
import { ROAD_CLASSES } from '../types'
import { mainMode, words, type Context, type Part, type Words } from './context'
import { el, type Child } from './dom'

function item(symbol: HTMLElement, label: string): HTMLElement {
  symbol.setAttribute('aria-hidden', 'true')
  return el('li', {}, symbol, label)
}

function swatch(colour: string, kind = ''): HTMLElement {
  const made = el('span', { class: `swatch ${kind}` })
  if (kind !== 'hatched') made.style.backgroundColor = colour
  return made
}

function icon(name: Icon): HTMLElement {
  const canvas = drawIcon(name, 2)
  canvas.className = 'icon'
  return canvas
}

const icons = (w: Words, entries: [Icon, Key][]): HTMLElement =>
  el('ul', {}, ...entries.map(([name, key]) => item(icon(name), w.t(key))))

/** The limits of a class in words; a limit itself belongs to the class below it. */
function bandLabel(band: ClassBand, scale: number, { t, format }: Words): string {
  const show = (value: number) => format.decimal(value / scale)
  if (band.from === null && band.to !== null) return t('class.up_to', { to: show(band.to) })
  if (band.from !== null && band.to !== null) return t('class.between', { from: show(band.from), to: show(band.to) })
  return t('class.over', { from: show(band.from ?? 0) })
}

function cellClasses({ run }: Context, view: View, w: Words): HTMLElement {
  const { t } = w
  const bands = bandsOf(run, view.colouring)
  const served: Key[] = ['class.served.none', 'class.served.less', 'class.served.more', 'class.served.all']
  const label = (band: ClassBand, i: number): string => {
    if (band.hatched) return t('class.unreached')
    if (view.colouring === 'served') return t(served[i] ?? 'class.unreached')
    return view.colouring === 'people'
      ? bandLabel(band, 1, w)
      : bandLabel(band, 60, w)
  }
  return el('ul', {}, ...bands.map((band, i) => item(swatch(band.colour, band.hatched ? 'hatched' : ''), label(band, i))))
}

/** The words and symbols under a layer's switch. */
function legend(context: Context, id: string, view: View, w: Words): Child[] {
  const { run } = context
  const { t } = w
  const mode = mainMode(run, w)
  const says = (sentence: string) => el('p', {}, sentence)
  const orEmpty = (size: number, ...children: Child[]) => (size > 0 ? children : [says(t('layer.empty'))])
  switch (id) {
    case 'agents': {
      const fixed: [Icon, Key][] = run.agents.some(a => a.fixed) ? [['fixed', 'legend.agent.fixed']] : []
      return orEmpty(run.agents.length, says(t('legend.agents')), icons(w, [
        ...fixed,
        ['opened-now', 'legend.agent.now'],
        ['opened-before', 'legend.agent.before'],
        ['opens-later', 'legend.agent.later']
      ]))
    }
    case 'uncovered':
      return orEmpty(run.uncovered.length, says(t('legend.uncovered')), icons(w, [['uncovered', 'legend.uncovered.item']]))
    case 'cells':
      return orEmpty(run.cells.count, says(t(`legend.cells.${view.colouring}`, { mode })), cellClasses(context, view, w))
    case 'isochrones': {
      const minutes = [...new Set(run.isochrones.filter(b => b.phase === view.phase).map(b => b.minutes))].sort((a, b) => a - b)
      if (run.isochrones.length > 0 && minutes.length === 0) return [says(t('legend.isochrones.none'))]
      return orEmpty(minutes.length, says(t('legend.isochrones', { mode })), el('ul', {}, ...minutes.map(m =>
        item(swatch(bandColour(m, run.standard.minutes), 'band'), t('legend.isochrones.item', { minutes: w.format.decimal(m) }))
      )))
    }
    case 'candidates':
      return orEmpty(run.candidates.length, says(t('legend.candidates')), icons(w, [
        ['eligible', 'legend.candidate.eligible'],
        ['review', 'legend.candidate.review'],
        ['refused', 'legend.candidate.refused']
      ]))
    case 'roads': {
      const present = ROAD_CLASSES.filter(c => run.roads.some(roads => roads.class === c && roads.lines.length > 0))
      return orEmpty(present.length, says(t('legend.roads')), el('ul', {}, ...present.map(c =>
        item(swatch(roadColour(c), 'line'), t(`road.${c}`))
      )))
    }
    case 'water':
      return orEmpty(run.water.areas.length + run.water.lines.length, says(t('legend.water')))
    default:
      return [says(t('legend.boundary')), el('ul', {}, item(swatch('transparent', 'dashed'), t('legend.boundary.item')))]
  }
}

const FIXED_NAMES: Record<string, Key> = {
  agents: 'layer.agents',
  uncovered: 'layer.uncovered',
  cells: 'layer.cells',
  isochrones: 'layer.isochrones',
  candidates: 'layer.candidates',
  roads: 'layer.roads',
  water: 'layer.water'
}

function layerName({ run }: Context, id: string, w: Words): string {
  const key = FIXED_NAMES[id]
  if (key) return w.t(key)
  const layer = run.boundaries[Number(id.replace('boundary', ''))]
  return w.t('layer.boundary', { name: layer ? w.pick(layer.name) : '' })
}

/** Radio buttons for what the cells' colour means. */
function colouringChoice({ store }: Context): Part {
  const caption = el('legend')
  const choices = COLOURINGS.map(colouring => {
    const input = el('input', { type: 'radio', name: 'colouring', value: colouring })
    const label = el('span')
    input.addEventListener('change', () => store.set({ colouring }))
    return { colouring, input, label, root: el('label', {}, input, label) }
  })
  return {
    root: el('fieldset', { class: 'colouring' }, caption, ...choices.map(choice => choice.root)),
    update(view) {
      const { t } = words(view)
      caption.textContent = t('legend.cells.choose')
      for (const choice of choices) {
        choice.input.checked = view.colouring === choice.colouring
        choice.label.textContent = t(`colouring.${choice.colouring}`)
      }
    }
  }
}

export function layerList(context: Context): Part {
  const title = el('h2')
  const colouring = colouringChoice(context)
  const rows = layerIds(context.run).map(id => {
    const input = el('input', { type: 'checkbox', 'data-layer': id })
    const name = el('span')
    const body = el('div', { class: 'legend-body' })
    input.addEventListener('change', () => context.store.toggleLayer(id, input.checked))
    const root = el('div', { class: 'layer' }, el('label', {}, input, name), id === 'cells' && colouring.root, body)
    return { id, input, name, body, root }
  })
  return {
    root: el('section', { class: 'layers' }, title, ...rows.map(row => row.root)),
    update(view) {
      const w = words(view)
      title.textContent = w.t('layers.title')
      colouring.update(view)
      for (const { id, input, name, body, root } of rows) {
        const on = view.layers.includes(id)
        input.checked = on
        name.textContent = layerName(context, id, w)
        root.classList.toggle('off', !on)
        body.hidden = !on
        if (id === 'cells') colouring.root.hidden = !on
        body.replaceChildren(...legend(context, id, view, w).filter((c): c is HTMLElement => c instanceof HTMLElement))
      }
    }
  }
}
