/** The map itself: draws the run, follows the view, tells what was picked and where it was moved. */
import { Map as MapLibre, ScaleControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerSource from 'virtual:maplibre-worker'
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from 'geojson'
import { layerIds, type MapState } from '../layers'
import { cellBands, classify } from '../palette'
import type { Run } from '../run'
import type { Selection } from '../selection'
import type { Position } from '../state'
import { CellsLayer } from './cells-layer'
import {
  agentFeatures, areaClasses, collection, isochroneFeatures, loadFeatures, namePoints, roadFeatures, valueLabel
} from './features'
import { boundsOf } from './geometry'
import { ICONS, ICON_PIXEL_RATIO, iconPixels, patternPixels } from './icons'
import { indicatorBands, indicatorValue } from './indicators'
import { bandLook } from './looks'
import { metresBetween, pick } from './pick'
import { ABOVE_CELLS, agentSize, areaColour, patternFilter, styleOf } from './style'

const PICK_RADIUS_PX = 11
/** The zoom from which the smallest streets are asked for, a little before they are drawn. */
const STREETS_FROM = 11.5
const PATTERN_RATIO = 2

/** Layers that online tiles hold too, and hide. */
const UNDER_TILES = new Set(['parks', 'water', 'roads', 'rail', 'places'])

/** The map layers behind one switch of the panel. */
function mapLayers(all: string[], id: string): string[] {
  return all.filter(layer => layer.startsWith(`${id}-`) || layer === id)
}

export interface MapEvents {
  /** The viewer clicked something, or (null) nothing. */
  picked: (selection: Selection | null) => void
  /** While the viewer moves the map, for keeping another map in step. Not told of `goTo`. */
  moving?: (position: Position) => void
  /** The viewer has moved the map; belongs into the address. Not told of `goTo`. */
  moved: (position: Position) => void
  failed: (message: string) => void
}

let workerSet = false

/** Tells MapLibre where its worker is; once for all maps of the page. */
function setWorker(): void {
  if (workerSet) return
  // The `.cjs` ending tells MapLibre that the worker is a classic script.
  const address = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  setWorkerUrl(`${address}#maplibre-gl-worker.cjs`)
  workerSet = true
}

export class MapView {
  readonly #map: MapLibre
  readonly #cells: CellsLayer
  #ready = false
  #state: MapState
  #selection: Selection | null = null
  /** The map moves because another one did. */
  #following = false
  /** Where it was when it moved last, and when it came to rest last; set when the map stands. */
  #last: Position | null = null
  #rest: Position | null = null
  /** Sources that are filled only when they are first needed. */
  #filled = new Set<string>()
  #tilesCame = false
  #tilesMissing = false
  #tilesTold = false
  /** Where the map was on the screen while it is on paper. */
  #screen: { position: Position; pixelRatio: number } | null = null

  /** Throws when the browser has no WebGL 2. */
  constructor(container: HTMLElement, private readonly run: Run, state: MapState, private readonly events: MapEvents) {
    setWorker()
    this.#state = state
    this.#cells = new CellsLayer('cells', run.cells)
    const { position } = state
    this.#map = new MapLibre({
      container,
      style: styleOf(run, minutes => bandLook(minutes, run.standard.minutes).dash),
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
      // Keeps the picture for printing and for `toImage`.
      canvasContextAttributes: { preserveDrawingBuffer: true }
    })
    const map = this.#map
    map.touchZoomRotate.disableRotation()
    map.keyboard.disableRotation()
    map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
    map.on('error', event => this.#failed(event.error?.message ?? 'map', 'sourceId' in event ? event.sourceId : null))
    map.on('data', event => {
      if ('sourceId' in event && event.sourceId === 'tiles' && 'tile' in event && event.tile) this.#tilesCame = true
    })
    map.once('style.load', () => this.#start())
    map.once('idle', () => performance.mark('gandan-map-complete'))
    map.on('move', () => {
      const position = this.#moved(this.#last)
      if (position) this.events.moving?.(position)
      this.#last = this.position
    })
    map.on('moveend', () => {
      const position = this.#moved(this.#rest)
      if (position) this.events.moved(position)
      this.#rest = this.position
    })
    this.#last = this.#rest = this.position
    map.on('zoom', () => this.#fillStreets())
    map.on('click', event => this.events.picked(this.#pick(event.lngLat.lng, event.lngLat.lat)))
    map.on('mousemove', event => {
      const found = this.#pick(event.lngLat.lng, event.lngLat.lat, false)
      map.getCanvas().style.cursor = found ? 'pointer' : ''
    })
    window.matchMedia('print').addEventListener('change', event => (event.matches ? this.#toPaper() : this.#toScreen()))
  }

  /** Without the internet there are no tiles: the map then shows its own background below where they would be. */
  #failed(message: string, source: unknown): void {
    if (source === 'tiles' && !this.#tilesCame && !this.#tilesMissing) {
      this.#tilesMissing = true
      this.#switchLayers(this.#state)
    }
    // Once is enough: there are many tiles.
    if (source !== 'tiles' || !this.#tilesTold) this.events.failed(message)
    this.#tilesTold ||= source === 'tiles'
  }

  /**
   * Where the map has moved to, when the viewer moved it or asked for it: not when another map did, not for paper, and not
   * when only its element changed its size. MapLibre does not tell which moves are the viewer's: those of the wheel go on
   * without their event.
   */
  #moved(before: Position | null): Position | null {
    const now = this.position
    const same = before && now.zoom === before.zoom && now.lat === before.lat && now.lon === before.lon
    return this.#following || this.#screen || same ? null : now
  }

  /** Where the map is now. */
  get position(): Position {
    const { lng, lat } = this.#map.getCenter()
    return { zoom: this.#map.getZoom(), lat, lon: lng }
  }

  /** Draws the same area again at the size and fineness it has on paper, so that the scale bar stays true. */
  #toPaper(): void {
    if (this.#screen) return
    const map = this.#map
    this.#screen = { position: this.position, pixelRatio: map.getPixelRatio() }
    const area = this.#state.position ? map.getBounds() : this.run.bounds
    map.setPixelRatio(Math.max(2, window.devicePixelRatio))
    map.resize()
    map.fitBounds(area, { animate: false, padding: this.#state.position ? 0 : 12 })
    map.redraw()
  }

  #toScreen(): void {
    if (!this.#screen) return
    const { position, pixelRatio } = this.#screen
    this.#map.setPixelRatio(pixelRatio)
    this.#map.resize()
    this.goTo(position)
    this.#screen = null
  }

  #start(): void {
    const map = this.#map
    for (const icon of ICONS) {
      const pixels = iconPixels(icon)
      if (pixels) map.addImage(icon, pixels, { pixelRatio: ICON_PIXEL_RATIO })
    }
    for (const pattern of ['dotted', 'hatched'] as const) {
      const pixels = patternPixels(pattern === 'dotted' ? 'rgb(0 0 0 / 0%)' : '#6b7280', pattern, PATTERN_RATIO)
      if (pixels) map.addImage(pattern, pixels, { pixelRatio: PATTERN_RATIO })
    }
    map.addLayer(this.#cells, ABOVE_CELLS)
    this.#ready = true
    this.#apply(this.#state, null)
    this.select(this.#selection)
    map.once('render', () => performance.mark('gandan-map-first'))
    // Small streets come when all that can be seen is drawn.
    map.once('idle', () => window.setTimeout(() => this.#fill('streets', () => roadFeatures(this.run, true)), 200))
    this.#fillStreets()
  }

  /** Gives a source its data when it is first needed. */
  #fill(source: string, make: () => FeatureCollection): void {
    if (this.#filled.has(source) || !this.#ready) return
    this.#filled.add(source)
    this.#set(source, make())
  }

  #fillStreets(): void {
    if (this.#map.getZoom() >= STREETS_FROM) this.#fill('streets', () => roadFeatures(this.run, true))
  }

  #set(source: string, data: FeatureCollection): void {
    void this.#map.getSource<GeoJSONSource>(source)?.setData(data)
  }

  /** Shows another view. Its position is not followed: see `goTo`. */
  show(state: MapState, before: MapState): void {
    this.#state = state
    if (this.#ready) this.#apply(state, before)
  }

  #apply(state: MapState, before: MapState | null): void {
    const changed = (...keys: (keyof MapState)[]) => !before || keys.some(key => state[key] !== before[key])
    const on = (id: string) => state.layers.includes(id)
    if (changed('phase', 'colouring')) this.#colourCells()
    if (changed('phase')) {
      this.#set('agents', agentFeatures(this.run, state.phase))
      this.#set('load', loadFeatures(this.run, state.phase))
    }
    if (on('isochrones') && changed('phase', 'layers')) this.#showIsochrones(state.phase)
    if (on('indicators') && changed('phase', 'layers', 'indicator', 'lang')) this.#colourAreas(state)
    if (changed('layers')) this.#switchLayers(state)
  }

  #switchLayers({ layers }: MapState): void {
    const map = this.#map
    const all = map.getLayersOrder()
    const on = (id: string) => layers.includes(id)
    for (const id of layerIds(this.run)) {
      const shown = on(id) && !(on('tiles') && !this.#tilesMissing && UNDER_TILES.has(id))
      for (const layer of mapLayers(all, id)) map.setLayoutProperty(layer, 'visibility', shown ? 'visible' : 'none')
    }
    if (map.getLayer('indicators-value')) {
      // The values carry the names of the areas with them.
      const names = on('boundary0') && !on('indicators')
      map.setLayoutProperty('boundary0-name', 'visibility', names ? 'visible' : 'none')
    }
    map.setLayoutProperty('agents-icon', 'icon-size', agentSize(on('load')))
    for (const layer of all.filter(layer => layer.startsWith('places-'))) {
      const base = this.#kindFilters.get(layer) ?? map.getFilter(layer)
      if (base) this.#kindFilters.set(layer, base)
      // Where an area's own name is drawn, the same name of a settlement would stand beside it.
      const named = on('boundary0') || on('indicators')
      map.setFilter(layer, (named && base ? ['all', base, ['!', ['get', 'twin']]] : base ?? null) as Parameters<MapLibre['setFilter']>[1])
    }
  }

  readonly #kindFilters = new Map<string, unknown>()

  #showIsochrones(phase: number): void {
    this.#fill('isochrones', () => isochroneFeatures(this.run))
    const map = this.#map
    for (const layer of mapLayers(map.getLayersOrder(), 'isochrones')) {
      const minutes = Number(layer.replace('isochrones-line-', ''))
      const inPhase = ['==', ['get', 'phase'], phase]
      const filter = Number.isNaN(minutes) ? inPhase : ['all', inPhase, ['==', ['get', 'minutes'], minutes]]
      map.setFilter(layer, filter as Parameters<MapLibre['setFilter']>[1])
    }
  }

  #colourAreas({ phase, indicator = 'served', lang }: MapState): void {
    const layer = this.run.boundaries[0]
    if (!layer) return
    const map = this.#map
    const bands = indicatorBands(this.run, indicator)
    const classes = areaClasses(this.run, bands, indicator, phase)
    map.setPaintProperty('indicators-area', 'fill-color', areaColour(classes, bands))
    map.setFilter('indicators-dotted', patternFilter(classes, bands, 'dotted'))
    map.setFilter('indicators-hatched', patternFilter(classes, bands, 'hatched'))
    this.#set('indicator-values', namePoints(layer, area => ({
      value: valueLabel(indicatorValue(area, indicator, phase), indicator, lang)
    })))
  }

  #colourCells(): void {
    const start = performance.now()
    const { phase, colouring } = this.#state
    const { cells, standard } = this.run
    const agents = cells.agent[phase]
    const chosen = this.#selection?.kind === 'agent' ? this.#selection.index : -1
    // An agent that nobody is nearest to leaves all cells as they are.
    const front = chosen >= 0 && agents?.includes(chosen) ? (cell: number) => agents[cell] === chosen : null
    this.#cells.colour(classify(cells, colouring, phase, standard), cellBands(cells, colouring, standard), front)
    performance.measure('gandan-cells-coloured', { start })
  }

  /** The words on the map's own element, in the language of the page. */
  setLabel(label: string): void {
    this.#map.getCanvas().setAttribute('aria-label', label)
  }

  zoomBy(levels: number): void {
    this.#map.zoomTo(this.#map.getZoom() + levels)
  }

  showAll(): void {
    this.#map.fitBounds(this.run.bounds, { padding: 24 })
  }

  /** Moves at once and tells nobody: for an address, or for keeping in step with another map. */
  goTo({ lon, lat, zoom }: Position): void {
    this.#following = true
    this.#map.jumpTo({ center: [lon, lat], zoom })
    this.#following = false
  }

  /** Moves to something picked in a list or by searching, and tells so. */
  flyTo(selection: Selection): void {
    if (selection.kind === 'boundary') {
      const feature = this.run.boundaries[selection.layer]?.features.features[selection.index]
      const bounds = feature && boundsOf(feature.geometry)
      if (bounds) this.#map.fitBounds(bounds, { padding: 60, maxZoom: 14 })
      return
    }
    const at = this.#pointOf(selection)
    if (at) this.#map.flyTo({ center: at, zoom: Math.max(this.#map.getZoom(), 13), maxDuration: 1500 })
  }

  /** The picture of the map as it is now, as PNG. */
  async toImage(): Promise<Blob | null> {
    this.#map.redraw()
    return new Promise(done => this.#map.getCanvas().toBlob(done, 'image/png'))
  }

  /** Fits the map into its element after the page has changed its size. */
  resize(): void {
    this.#map.resize()
  }

  /** Frees the map; it cannot be used afterwards. */
  remove(): void {
    this.#map.remove()
  }

  #pointOf(selection: Selection): [number, number] | null {
    if (selection.kind === 'point') return [selection.lon, selection.lat]
    const { index } = selection
    if (selection.kind === 'cell' || selection.kind === 'place') {
      const { lon, lat } = selection.kind === 'cell' ? this.run.cells : this.run.places
      const [x, y] = [lon[index], lat[index]]
      return x === undefined || y === undefined ? null : [x, y]
    }
    const { agents, candidates, uncovered, offices } = this.run
    const lists = { agent: agents, candidate: candidates, uncovered, office: offices, boundary: [] }
    const item = lists[selection.kind][index]
    return item ? [item.lon, item.lat] : null
  }

  /** Marks what is picked, and brings the cells whose people an agent serves to the front. */
  select(selection: Selection | null): void {
    const before = this.#selection
    this.#selection = selection
    if (!this.#ready) return
    const geometry = selection && this.#outline(selection)
    const features: Feature[] = geometry ? [{ type: 'Feature', geometry, properties: {} }] : []
    this.#set('selected', collection(features))
    if (selection?.kind === 'agent' || before?.kind === 'agent') this.#colourCells()
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

  /** What stands at a place, within reach of a finger; areas and cells only when asked for. */
  #pick(lon: number, lat: number, areas = true): Selection | null {
    if (!this.#ready) return null
    const at = this.#map.project([lon, lat])
    const aside = this.#map.unproject([at.x + PICK_RADIUS_PX, at.y])
    const reach = metresBetween(lon, lat, aside.lng, aside.lat)
    const layers = areas ? this.#state.layers : this.#state.layers.filter(id => !/^(cells|indicators|boundary\d+)$/.test(id))
    return pick(this.run, lon, lat, { layers, reach })
  }
}

