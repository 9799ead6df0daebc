/** Puts the page together. */
import './style.css'
import { firstLayers, layerIds } from './layers'
import { MapView } from './map/view'
import { words, type Context } from './panel/context'
import { details } from './panel/details'
import { button, el } from './panel/dom'
import { header } from './panel/header'
import { indicators } from './panel/indicators'
import { layerList } from './panel/layer-list'
import { about, agentsOfPhase, phaseTable, uncoveredPlaces } from './panel/lists'
import { phases } from './panel/phases'
import { searchBox } from './panel/search-box'
import { readRun, type Run } from './run'
import type { Selection } from './selection'
import { fromHash, Store, toHash, type View } from './state'
import { LANGUAGES, text } from './strings'

const HASH_DELAY_MS = 200

/** Writes the view into the address, at most a few times a second: browsers refuse more. */
function keepInAddress(store: Store): void {
  let timer: number | undefined
  store.listen(() => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      const hash = `#${toHash(store.view)}`
      try {
        history.replaceState(null, '', hash)
      } catch {
        location.replace(hash)
      }
    }, HASH_DELAY_MS)
  })
}

/** The map with its buttons, or a sentence where the browser cannot draw it. */
function mapArea(run: Run, store: Store, select: Context['select']) {
  const canvas = el('div', { class: 'map' })
  const root = el('main', { id: 'map', tabindex: '-1' }, canvas)
  const message = el('p', { class: 'map-message', role: 'alert', hidden: true })
  let map: MapView | null = null
  const buttons = [
    button({ class: 'square' }, '+', () => map?.zoomBy(1)),
    button({ class: 'square' }, '−', () => map?.zoomBy(-1)),
    button({ class: 'square' }, '⤢', () => map?.showAll())
  ] as const
  const keys = ['map.zoom_in', 'map.zoom_out', 'map.show_all'] as const
  const credit = el('p', { class: 'credit' }, [...run.attribution, 'MapLibre'].join(' | '))
  root.append(el('div', { class: 'map-buttons' }, ...buttons), credit, message)
  return {
    root,
    /** Draws the map; its element must stand in the page, because the map measures it. */
    open(): MapView | null {
      try {
        map = new MapView(canvas, run, store.view, {
          picked: selection => select(selection),
          moved: position => store.set({ position }),
          failed: reason => console.error(reason)
        })
      } catch (error) {
        console.warn(error)
        message.hidden = false
      }
      return map
    },
    update(view: View) {
      const { t } = words(view)
      buttons.forEach((made, i) => {
        const label = t(keys[i] ?? 'map.show_all')
        made.setAttribute('aria-label', label)
        made.title = label
      })
      message.textContent = t('map.failed')
      map?.setLabel(t('map.label'))
    }
  }
}

function start(app: HTMLElement, run: Run): void {
  const known = layerIds(run)
  const base: View = { lang: 'vi', phase: 0, colouring: 'time', layers: firstLayers(run), position: null }
  const store = new Store(fromHash(location.hash, base, run.phases.length, known))
  const context: Context = { run, store, select: (selection, fly) => select(selection, fly) }
  const card = details(context)
  const skip = el('a', { class: 'skip', href: '#map' })
  skip.addEventListener('click', event => {
    // The fragment of the address is the view's; only the focus moves.
    event.preventDefault()
    document.getElementById('map')?.focus()
  })
  const banner = el('p', { class: 'synthetic', role: 'note', hidden: !run.synthetic })
  const panelParts = [
    header(context), phases(context), indicators(context), searchBox(context), layerList(context),
    agentsOfPhase(context), uncoveredPlaces(context), phaseTable(context), about(context)
  ]
  const area = mapArea(run, store, context.select)
  area.root.append(card.root)
  app.append(skip, banner, el('div', { class: 'page' }, el('div', { class: 'panel' }, ...panelParts.map(part => part.root)), area.root))
  const map = area.open()

  function select(selection: Selection | null, fly = false): void {
    card.show(selection)
    map?.select(selection)
    if (selection && fly) map?.flyTo(selection)
  }
  const update = (view: View) => {
    skip.textContent = text(view.lang, 'skip')
    banner.textContent = text(view.lang, 'synthetic')
    for (const part of [...panelParts, area, card]) part.update(view)
  }
  store.listen((view, before) => {
    if (view.lang !== before.lang || view.phase !== before.phase || view.colouring !== before.colouring || view.layers !== before.layers) {
      update(view)
    }
    map?.show(view, before)
  })
  window.addEventListener('hashchange', () => {
    const view = fromHash(location.hash, store.view, run.phases.length, known)
    if (view.position && view.position !== store.view.position) map?.goTo(view.position)
    store.set(view)
  })
  keepInAddress(store)
  update(store.view)
}

const app = document.getElementById('app')
if (app) {
  readRun().then(({ run }) => start(app, run)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    app.replaceChildren(...LANGUAGES.map(lang => el('p', { lang, class: 'page-failed' }, text(lang, 'page.failed', { reason }))))
    console.error(error)
  })
}
