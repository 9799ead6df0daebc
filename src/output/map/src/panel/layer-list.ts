/** The layers with their switches and legends. */
import { layerGroups, type LayerGroup } from '../layers'
import { drawSymbol } from '../map/icons'
import { INDICATORS } from '../map/indicators'
import { layerName, legendOf, type Legend } from '../map/legend'
import { COLOURINGS } from '../palette'
import { viewOfB, type View } from '../state'
import type { Key } from '../strings'
import { words, type Context, type Part, type Words } from './context'
import { el, fill, type Child } from './dom'

/** The groups of layers; of both runs where two are compared. */
export function groupsOf({ run, other }: Context): { group: LayerGroup; ids: string[] }[] {
  const more = other ? layerGroups(other.run) : []
  return layerGroups(run).map(({ group, ids }) => ({ group, ids: [...new Set([...ids, ...(more.find(g => g.group === group)?.ids ?? [])])] }))
}

/** The legend of a layer; where two runs are compared, with what is drawn in either of them. */
export function legendFor({ run, other }: Context, id: string, view: View, w: Words): Legend {
  const mine = legendOf(run, id, view, w)
  if (!other) return mine
  const theirs = legendOf(other.run, id, viewOfB(view), w)
  if (mine.empty || theirs.empty) return mine.empty ? theirs : mine
  const labels = new Set(mine.items.map(item => item.label))
  return { ...mine, items: [...mine.items, ...theirs.items.filter(item => !labels.has(item.label))] }
}

/** What a layer says, with its symbols. */
export function legendBody(legend: Legend, { t }: Words): Child[] {
  const items = legend.items.map(({ symbol, label }) => {
    const drawn = drawSymbol(symbol)
    drawn.setAttribute('aria-hidden', 'true')
    return el('li', {}, el('span', { class: 'symbol' }, drawn), el('span', {}, label))
  })
  return [
    el('p', { class: 'says' }, legend.sentence, legend.unit && el('span', { class: 'unit' }, ' ', t('legend.unit', { unit: legend.unit }))),
    items.length > 0 && el('ul', { class: 'classes' }, ...items),
    ...legend.notes.map(note => el('p', { class: 'note' }, note)),
    legend.source && el('p', { class: 'note' }, legend.source)
  ]
}

/** A row of buttons of which one is chosen. */
function choice<T extends string>(
  name: string, values: readonly T[], caption: Key, label: (value: T, w: Words) => string, now: (view: View) => T, choose: (value: T) => void
): Part {
  const legend = el('legend')
  const options = values.map(value => {
    const input = el('input', { type: 'radio', name, value })
    const text = el('span')
    input.addEventListener('change', () => choose(value))
    return { value, input, text, root: el('label', {}, input, text) }
  })
  return {
    root: el('fieldset', { class: 'choice' }, legend, ...options.map(option => option.root)),
    update(view) {
      const w = words(view)
      legend.textContent = w.t(caption)
      for (const option of options) {
        option.input.checked = now(view) === option.value
        option.text.textContent = label(option.value, w)
      }
    }
  }
}

export function layerList(context: Context): Part {
  const { run, store } = context
  const nameOf = (id: string, w: Words) => layerName(layerGroups(run).some(group => group.ids.includes(id)) ? run : (context.other?.run ?? run), id, w)
  const title = el('h2')
  const choices: Record<string, Part> = {
    cells: choice('colouring', COLOURINGS, 'legend.cells.choose', (value, { t }) => t(`colouring.${value}`), view => view.colouring, colouring => store.set({ colouring })),
    indicators: choice('indicator', INDICATORS, 'legend.indicator.choose', (value, { t }) => t(`legend.indicator.${value}`), view => view.indicator, indicator => store.set({ indicator }))
  }
  const groups = groupsOf(context).map(({ group, ids }) => {
    const name = el('h3')
    const rows = ids.map(id => {
      const input = el('input', { type: 'checkbox', 'data-layer': id })
      const label = el('span')
      const body = el('div', { class: 'legend-body' })
      input.addEventListener('change', () => store.toggleLayer(id, input.checked))
      const root = el('div', { class: 'layer' }, el('label', {}, input, label), choices[id]?.root, body)
      return { id, input, label, body, root, made: '' }
    })
    return { group, name, rows, root: el('div', { class: 'layer-group' }, name, ...rows.map(row => row.root)) }
  })
  return {
    root: el('section', { class: 'layers' }, title, ...groups.map(group => group.root)),
    update(view) {
      const w = words(view)
      title.textContent = w.t('layers.title')
      for (const part of Object.values(choices)) part.update(view)
      for (const { group, name, rows } of groups) {
        name.textContent = w.t(`layer.group.${group}`)
        for (const row of rows) {
          const on = view.layers.includes(row.id)
          row.input.checked = on
          fill(row.label, nameOf(row.id, w))
          row.root.classList.toggle('off', !on)
          row.body.hidden = !on
          const chosen = choices[row.id]
          if (chosen) chosen.root.hidden = !on
          // Symbols are drawn again only when what they say has changed.
          const legend = on ? legendFor(context, row.id, view, w) : null
          const made = JSON.stringify(legend)
          if (made !== row.made) fill(row.body, ...(legend ? legendBody(legend, w) : []))
          row.made = made
        }
      }
    }
  }
}
