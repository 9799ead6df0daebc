/** The map itself: draws the run, follows the view, tells what was picked. */
import { Map as MapLibre, ScaleControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerSource from 'virtual:maplibre-worker'
import type { Feature, MultiPolygon, Polygon } from 'geojson'
import { boundaryId } from '../layers'
import { classify, peopleBands, servedBands, timeBands, type ClassBand, type Colouring } from '../palette'
import type { Run } from '../run'
import type { Selection } from '../selection'
import type { Position, View } from '../state'
import { CellsLayer, cellAt } from './cells-layer'
import { boundsOf } from './geometry'
import { ICONS, ICON_PIXEL_RATIO, iconPixels } from './icons'
import { agentIcon, styleOf } from './style'

const PICK_RADIUS_PX = 9

/** The classes of a colouring, in the order of the legend. */
export function bandsOf(run: Run, colouring: Colouring): ClassBand[] {
  if (colouring === 'people') return peopleBands(run.cells.persons)
  return colouring === 'served' ? servedBands() : timeBands(run.standard)
}

/** The map layers behind one switch of the panel. */
function mapLayers(all: string[], id: string): string[] {
  return all.filter(layer => layer === id || layer.startsWith(`${id}-`))
}

export interface MapEvents {
  picked: (selection: Selection | null) => void
  moved: (position: Position) => void
  failed: (message: string) => void
}

export class MapView {
  readonly #map: MapLibre
  readonly #cells: CellsLayer
  #ready = false
  #view: View
  #selection: Selection | null = null

  /** Throws when the browser has no WebGL 2. */
  constructor(container: HTMLElement, private readonly run: Run, view: View, private readonly events: MapEvents) {
    // The `.cjs` ending tells MapLibre that the worker is a classic script.
    const address = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
    setWorkerUrl(`${address}#maplibre-gl-worker.cjs`)
    this.#view = view
    this.#cells = new CellsLayer('cells', run.cells)
    const { position } = view
    this.#map = new MapLibre({
      container,
      style: styleOf(run),
      ...(position
        ? { center: [position.lon, position.lat] as [number, number], zoom: position.zoom }
        : { bounds: run.bounds, fitBoundsOptions: { padding: 24 } }),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      maxZoom: 18,
      renderWorldCopies: false,
      fadeDuration: 0,
      // Keeps the picture for printing.
      canvasContextAttributes: { preserveDrawingBuffer: true }
    })
    this.#map.touchZoomRotate.disableRotation()
    this.#map.keyboard.disableRotation()
    this.#map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
    this.#map.on('error', event => this.events.failed(event.error?.message ?? 'map'))
    this.#map.once('style.load', () => this.#start())
    this.#map.on('moveend', event => {
      // Only what the viewer did, or a search asked for, belongs into the address; not the first fit.
      if (!event.originalEvent && !this.#flying) return
      this.#flying = false
      const { lng, lat } = this.#map.getCenter()
      this.events.moved({ zoom: this.#map.getZoom(), lat, lon: lng })
    })
    this.#map.on('click', event => this.events.picked(this.#pick(event.point.x, event.point.y)))
    this.#map.on('mousemove', event => {
      const over = this.#pointsNear(event.point.x, event.point.y).length > 0
      this.#map.getCanvas().style.cursor = over ? 'pointer' : ''
    })
    window.matchMedia('print').addEventListener('change', event => (event.matches ? this.#toPaper() : this.#toScreen()))
  }

  #flying = false
  #screen: Position | null = null

  /** Draws the same area again at the size and fineness it has on paper, so that the scale bar stays true. */
  #toPaper(): void {
    if (this.#screen) return
    const map = this.#map
    const { lng, lat } = map.getCenter()
    this.#screen = { zoom: map.getZoom(), lat, lon: lng }
    const area = this.#view.position ? map.getBounds() : this.run.bounds
    map.setPixelRatio(Math.max(2, window.devicePixelRatio))
    map.resize()
    map.fitBounds(area, { animate: false, padding: this.#view.position ? 0 : 12 })
    map.redraw()
  }

  #toScreen(): void {
    const map = this.#map
    map.setPixelRatio(window.devicePixelRatio)
    map.resize()
    if (this.#screen) this.goTo(this.#screen)
    this.#screen = null
  }

  #start(): void {
    for (const icon of ICONS) {
      const pixels = iconPixels(icon)
      if (pixels) this.#map.addImage(icon, pixels, { pixelRatio: ICON_PIXEL_RATIO })
    }
    this.#map.addLayer(this.#cells, 'water-area')
    this.#ready = true
    this.#apply(this.#view, null)
    this.select(this.#selection)
  }

  /** Shows another view. The position is followed only when it did not come from this map. */
  show(view: View, before: View): void {
    this.#view = view
    if (this.#ready) this.#apply(view, before)
  }

  #apply(view: View, before: View | null): void {
    if (!before || view.phase !== before.phase || view.colouring !== before.colouring) {
      const classes = classify(this.run.cells, view.colouring, view.phase, this.run.standard)
      this.#cells.colour(classes, bandsOf(this.run, view.colouring))
    }
    if (!before || view.phase !== before.phase) {
      this.#map.setLayoutProperty('agents-icon', 'icon-image', agentIcon(view.phase))
      this.#map.setFilter('agents-name', ['any', ['get', 'fixed'], ['<=', ['get', 'phase'], view.phase]])
      for (const layer of ['isochrones-area', 'isochrones-line']) {
        this.#map.setFilter(layer, ['==', ['get', 'phase'], view.phase])
      }
    }
    if (!before || view.layers !== before.layers) {
      const all = this.#map.getLayersOrder()
      const switches = ['agents', 'uncovered', 'cells', 'isochrones', 'candidates', 'roads', 'water']
      for (const id of [...switches, ...this.run.boundaries.map((_, n) => boundaryId(n))]) {
        const visibility = view.layers.includes(id) ? 'visible' : 'none'
        for (const layer of mapLayers(all, id)) this.#map.setLayoutProperty(layer, 'visibility', visibility)
      }
    }
  }

  /** The language of the words on the map's own element. */
  setLabel(label: string): void {
    this.#map.getCanvas().setAttribute('aria-label', label)
  }

  zoomBy(levels: number): void {
    this.#flying = true
    this.#map.zoomTo(this.#map.getZoom() + levels)
  }

  showAll(): void {
    this.#flying = true
    this.#map.fitBounds(this.run.bounds, { padding: 24 })
  }

  goTo(position: Position): void {
    this.#map.jumpTo({ center: [position.lon, position.lat], zoom: position.zoom })
  }

  /** Moves to something picked in a list or by searching. */
  flyTo(selection: Selection): void {
    this.#flying = true
    if (selection.kind === 'boundary') {
      const feature = this.run.boundaries[selection.layer]?.features.features[selection.index]
      const bounds = feature && boundsOf(feature.geometry)
      if (bounds) this.#map.fitBounds(bounds, { padding: 60, maxZoom: 14 })
      return
    }
    const at = this.#pointOf(selection)
    if (at) this.#map.flyTo({ center: at, zoom: Math.max(this.#map.getZoom(), 13), maxDuration: 1500 })
  }

  #pointOf(selection: Selection): [number, number] | null {
    const { index } = selection
    if (selection.kind === 'cell') {
      const { lon, lat } = this.run.cells
      return [lon[index] ?? 0, lat[index] ?? 0]
    }
    const lists = { agent: this.run.agents, candidate: this.run.candidates, uncovered: this.run.uncovered, boundary: [] }
    const item = lists[selection.kind][index]
    return item ? [item.lon, item.lat] : null
  }

  /** Marks what is picked. */
  select(selection: Selection | null): void {
    this.#selection = selection
    if (!this.#ready) return
    const geometry = selection && this.#outline(selection)
    const features: Feature[] = geometry ? [{ type: 'Feature', geometry, properties: {} }] : []
    this.#map.getSource<GeoJSONSource>('selected')?.setData({ type: 'FeatureCollection', features })
  }

  #outline(selection: Selection): Feature['geometry'] | null {
    if (selection.kind === 'boundary') {
      const area: Polygon | MultiPolygon | undefined =
        this.run.boundaries[selection.layer]?.features.features[selection.index]?.geometry
      return area ?? null
    }
    const at = this.#pointOf(selection)
    if (!at) return null
    if (selection.kind !== 'cell') return { type: 'Point', coordinates: at }
    const { halfLon: x, halfLat: y } = this.run.cells
    const [lon, lat] = at
    const ring = [[-x, -y], [x, -y], [x, y], [-x, y], [-x, -y]].map(([dx = 0, dy = 0]) => [lon + dx, lat + dy])
    return { type: 'Polygon', coordinates: [ring] }
  }

  #pointsNear(x: number, y: number) {
    if (!this.#ready) return []
    const r = PICK_RADIUS_PX
    return this.#map.queryRenderedFeatures([[x - r, y - r], [x + r, y + r]], {
      layers: ['agents-icon', 'uncovered-icon', 'candidates-icon']
    })
  }

  #pick(x: number, y: number): Selection | null {
    if (!this.#ready) return null
    const kinds = { agents: 'agent', uncovered: 'uncovered', candidates: 'candidate' } as const
    const nearest = this.#pointsNear(x, y)[0]
    if (nearest) {
      return { kind: kinds[nearest.source as keyof typeof kinds], index: Number(nearest.properties['index']) }
    }
    if (this.#view.layers.includes('cells')) {
      const { lng, lat } = this.#map.unproject([x, y])
      const index = cellAt(this.run.cells, lng, lat)
      if (index >= 0) return { kind: 'cell', index }
    }
    for (const [layer] of this.run.boundaries.entries()) {
      const hit = this.#map.queryRenderedFeatures([x, y], { layers: [`${boundaryId(layer)}-area`] })[0]
      if (hit) return { kind: 'boundary', layer, index: Number(hit.properties['index']) }
    }
    return null
  }
}
