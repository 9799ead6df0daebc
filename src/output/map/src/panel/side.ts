/** One map with its buttons and timeline; with its letter and title where two runs are compared. */
import { MapView, type MapEvents } from '../map/view'
import type { View } from '../state'
import { words, type Context, type Part } from './context'
import { button, data, el, fill, glyph, nameIt } from './dom'
import { timeline } from './timeline'

/**
 * The picture of the map for paper. Browsers leave out of a print what WebGL has drawn for that print, or draw it at a
 * wrong size; an image is printed as it is. Where it is not ready at once, the map's own canvas stays.
 */
function pictureForPaper(from: HTMLCanvasElement): HTMLImageElement | null {
  const picture = el('img', { class: 'paper', alt: '', decoding: 'sync', src: from.toDataURL() })
  return picture.complete ? picture : null
}

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
        // Registered after the map's own, which draws it at the size it has on paper.
        window.matchMedia('print').addEventListener('change', ({ matches }) => {
          const drawn = canvas.querySelector('canvas')
          const picture = matches && drawn ? pictureForPaper(drawn) : null
          frame.querySelector('.paper')?.remove()
          if (picture) canvas.after(picture)
          frame.classList.toggle('on-paper', picture !== null)
        })
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
