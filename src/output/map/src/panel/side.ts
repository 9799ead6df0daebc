/** One map with its buttons and timeline; with its letter and title where two runs are compared. */
import { MapView, type MapEvents } from '../map/view'
import type { View } from '../state'
import { words, type Context, type Part } from './context'
import { button, data, el, fill, glyph, nameIt } from './dom'
import { timeline } from './timeline'

export interface SidePart extends Part {
  /** Draws the map; its element must stand in the page, because the map measures it. */
  open: (events: MapEvents) => MapView | null
  map: () => MapView | null
}

export function side(context: Context, middle: () => void): SidePart {
  const { run, other, store } = context
  const canvas = el('div', { class: 'map' })
  const message = el('p', { class: 'map-message', role: 'alert', hidden: true })
  let map: MapView | null = null
  const buttons = [
    button({ class: 'square' }, glyph('plus'), () => map?.zoomBy(1)),
    button({ class: 'square' }, glyph('minus'), () => map?.zoomBy(-1)),
    button({ class: 'square' }, glyph('whole'), () => map?.showAll())
  ] as const
  const keys = ['map.zoom_in', 'map.zoom_out', 'map.show_all'] as const
  const credit = el('p', { class: 'credit' }, data([...run.attribution, 'MapLibre'].join(' | ')))
  const frame = el('div', { class: 'frame' }, canvas, el('div', { class: 'crosshair', 'aria-hidden': 'true' }), el('div', { class: 'map-buttons' }, ...buttons), credit, message)
  const title = el('h2', { class: 'side-title' })
  const phases = timeline(context)
  const root = el('section', { class: `side side-${context.side}` }, other && title, frame, phases.root)
  canvas.addEventListener('keydown', event => {
    if (event.key === 'Enter') middle()
  })
  return {
    root,
    map: () => map,
    open(events) {
      try {
        map = new MapView(canvas, run, store.view, events)
      } catch (error) {
        console.warn(error)
        message.hidden = false
      }
      return map
    },
    update(view: View) {
      const { t, pick } = words(view)
      const letter = context.side.toUpperCase()
      const of = (label: string) => (other ? `${letter}: ${label}` : label)
      buttons.forEach((made, i) => nameIt(made, of(t(keys[i] ?? 'map.show_all'))))
      fill(message, t('map.failed'))
      fill(title, el('span', { class: `badge ${context.side}` }, letter), ' ', data(pick(run.title)))
      root.setAttribute('aria-label', other ? t('compare.map', { side: letter, title: pick(run.title) }) : t('map.region'))
      map?.setLabel(of(t('map.label')))
      phases.update(view)
    }
  }
}
