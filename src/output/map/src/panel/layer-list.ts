/** The layers with their switches and legends. */
import { drawSymbol } from '../map/icons'
import { layerName, legendOf } from '../map/legend'
import { layerIds } from '../layers'
import { COLOURINGS } from '../palette'
import type { View } from '../state'
import { words, type Context, type Part, type Words } from './context'
import { el } from './dom'

/** The words and symbols under a layer's switch. */
function legend({ run }: Context, id: string, view: View, w: Words): HTMLElement[] {
  const { sentence, unit, items, notes, source } = legendOf(run, id, view, w)
  const list = items.map(({ symbol, label }) => {
    const canvas = drawSymbol(symbol)
    canvas.setAttribute('aria-hidden', 'true')
    return el('li', {}, canvas, label)
  })
  const lines = [sentence, unit && w.t('legend.unit', { unit }), ...notes].filter((line): line is string => Boolean(line))
  return [...lines.map(line => el('p', {}, line)), ...(list.length > 0 ? [el('ul', {}, ...list)] : []), ...(source ? [el('p', {}, source)] : [])]
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
        name.textContent = layerName(context.run, id, w)
        root.classList.toggle('off', !on)
        body.hidden = !on
        if (id === 'cells') colouring.root.hidden = !on
        body.replaceChildren(...legend(context, id, view, w))
      }
    }
  }
}
