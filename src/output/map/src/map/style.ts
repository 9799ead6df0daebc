/** The map's style: sources from the run, and layers from the ground up. No glyphs or sprite are named, so none are fetched. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { boundaryId } from '../layers'
import type { ClassBand } from '../palette'
import type { Run } from '../run'
import { PLACE_KINDS, ROAD_CLASSES, type PlaceKind, type RoadClass } from '../types'
import {
  areaFeatures, candidateFeatures, collection, namePoints, officeFeatures, parkFeatures, placeFeatures,
  railFeatures, roadFeatures, STREETS, uncoveredFeatures, waterFeatures
} from './features'
import { INK } from './icons'
import { BOUNDARY_LOOKS, GROUND, PARK, PLACE_LOOKS, RAIL, ROAD_LOOKS, WATER, WATER_LINE, WATER_NAME } from './looks'

/** Drawn with the reader's own fonts, which hold the Vietnamese letters. */
const FONT = ['sans-serif']
/** No such family: MapLibre takes the weight from the name, and the browser falls back to its sans-serif. */
const FONT_BOLD = ['map bold']

/** The layer below which the cells are put: they lie under water and roads, so that one can find one's way on them. */
export const ABOVE_CELLS = 'water-area'

/** Tiles of the background are cut down to this zoom and enlarged from there: to some 20 cm, finer than the data. */
const CUT_TO_ZOOM = 14

const byZoom = (...stops: [number, number | ExpressionSpecification][]): ExpressionSpecification =>
  ['interpolate', ['linear'], ['zoom'], ...stops.flat()] as unknown as ExpressionSpecification

function roadLayers(): LayerSpecification[] {
  const width = (road: RoadClass, more: number): ExpressionSpecification => {
    const [far, middle, near] = ROAD_LOOKS[road].widths
    return ['interpolate', ['exponential', 1.5], ['zoom'], 9, far + more * 0.6, 12, middle + more * 0.8, 16, near + more * 1.4]
  }
  const common = (road: RoadClass) => ({
    type: 'line' as const,
    source: STREETS.has(road) ? 'streets' : 'roads',
    filter: ['==', ['get', 'class'], road] as ExpressionSpecification,
    layout: { 'line-cap': 'round', 'line-join': 'round' } as const
  })
  const order = [...ROAD_CLASSES].reverse()
  // All edges below all roads, so that crossings look joined.
  const edges = order.map((road): LayerSpecification => ({
    id: `roads-edge-${road}`, ...common(road), minzoom: ROAD_LOOKS[road].edgeFrom,
    paint: { 'line-color': ROAD_LOOKS[road].casing, 'line-width': width(road, 1.2), 'line-opacity': 0.7 }
  }))
  const roads = order.map((road): LayerSpecification => ({
    id: `roads-${road}`, ...common(road), minzoom: ROAD_LOOKS[road].from,
    paint: { 'line-color': ROAD_LOOKS[road].colour, 'line-width': width(road, 0) }
  }))
  return [...edges, ...roads]
}

function railLayers(): LayerSpecification[] {
  return [
    { id: 'rail-line', type: 'line', source: 'rail', minzoom: 8, paint: { 'line-color': RAIL, 'line-width': byZoom([9, 0.9], [15, 3]) } },
    {
      id: 'rail-gaps', type: 'line', source: 'rail', minzoom: 10,
      paint: { 'line-color': '#ffffff', 'line-width': byZoom([9, 0.5], [15, 1.8]), 'line-dasharray': [6, 5] }
    }
  ]
}

function indicatorLayers(run: Run): LayerSpecification[] {
  if (run.boundaries.length === 0) return []
  const source = boundaryId(0)
  return [
    { id: 'indicators-area', type: 'fill', source, paint: { 'fill-opacity': byZoom([10, 0.8], [14, 0.5]) } },
    { id: 'indicators-dotted', type: 'fill', source, filter: false, paint: { 'fill-pattern': 'dotted', 'fill-opacity': 0.8 } },
    { id: 'indicators-hatched', type: 'fill', source, filter: false, paint: { 'fill-pattern': 'hatched' } },
    { id: 'indicators-edge', type: 'line', source, paint: { 'line-color': '#ffffff', 'line-width': 1, 'line-opacity': 0.8 } }
  ]
}

function boundaryLayers(run: Run): LayerSpecification[] {
  return run.boundaries.map((_, n): LayerSpecification => {
    const { colour, dash } = BOUNDARY_LOOKS[n === 0 ? 0 : 1]
    return {
      id: `${boundaryId(n)}-line`, type: 'line', source: boundaryId(n), layout: { 'line-join': 'round' },
      paint: {
        'line-color': colour, 'line-opacity': 0.85, 'line-dasharray': [...dash],
        'line-width': byZoom([9, n === 0 ? 0.7 : 1.6], [14, n === 0 ? 1.8 : 3.2])
      }
    }
  })
}

const NAME_HALO = { 'text-halo-color': 'rgba(255, 255, 255, 0.92)', 'text-halo-width': 1.6 } as const
/** Names step aside for the symbols, which are placed first. */
const STEP_ASIDE = {
  'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'] as const satisfies readonly string[],
  'text-radial-offset': 0.8,
  'text-padding': 4,
  'text-max-width': 7
}

function boundaryNames(run: Run): LayerSpecification[] {
  return run.boundaries.map((_, n): LayerSpecification => ({
    id: `${boundaryId(n)}-name`, type: 'symbol', source: `${boundaryId(n)}-names`, minzoom: n === 0 ? 9.5 : 8,
    layout: {
      ...STEP_ASIDE,
      'text-variable-anchor': [...STEP_ASIDE['text-variable-anchor']],
      'text-field': ['get', 'name'],
      'text-font': n === 0 ? FONT : FONT_BOLD,
      'text-size': byZoom([9, 10.5], [14, 15]),
      'symbol-sort-key': ['-', ['get', 'persons']]
    },
    paint: { 'text-color': n === 0 ? '#2d2137' : '#5f1730', ...NAME_HALO }
  }))
}

function indicatorNames(run: Run): LayerSpecification[] {
  if (run.boundaries.length === 0) return []
  const value: unknown[] = [['get', 'value'], { 'text-font': ['literal', FONT_BOLD] }]
  const name: unknown[] = [['concat', '\n', ['get', 'name']], { 'font-scale': 0.82, 'text-font': ['literal', FONT] }]
  const field: unknown = ['step', ['zoom'], ['format', ...value], 10.5, ['format', ...value, ...name]]
  return [{
    id: 'indicators-value', type: 'symbol', source: 'indicator-values', minzoom: 8.6,
    layout: {
      // The name only where there is room for it.
      'text-field': field as ExpressionSpecification,
      'text-font': FONT_BOLD,
      'text-size': byZoom([9, 11], [14, 16]),
      ...STEP_ASIDE,
      'text-variable-anchor': [...STEP_ASIDE['text-variable-anchor']],
      'text-padding': 2,
      'text-max-width': 8,
      'symbol-sort-key': ['-', ['get', 'persons']]
    },
    paint: { 'text-color': INK, ...NAME_HALO }
  }]
}

function placeNames(): LayerSpecification[] {
  const drawn = PLACE_KINDS.filter(kind => PLACE_LOOKS[kind].from !== null)
  const size = (at: 0 | 1): ExpressionSpecification =>
    ['match', ['get', 'kind'], ...drawn.flatMap(kind => [kind, PLACE_LOOKS[kind].sizes[at]]), 11] as unknown as ExpressionSpecification
  const layer = (kinds: PlaceKind[], id: string): LayerSpecification[] => {
    const from = Math.min(...kinds.map(kind => PLACE_LOOKS[kind].from ?? 24))
    return kinds.length === 0 ? [] : [{
      id: `places-${id}`, type: 'symbol', source: 'places', minzoom: from,
      filter: ['in', ['get', 'kind'], ['literal', kinds]],
      layout: {
        'text-field': ['get', 'name'],
        'text-font': kinds.every(kind => PLACE_LOOKS[kind].bold) ? FONT_BOLD : FONT,
        'text-size': byZoom([10, size(0)], [15, size(1)]),
        'text-max-width': 7,
        'text-padding': 6,
        'symbol-sort-key': ['get', 'rank']
      },
      paint: { 'text-color': kinds.includes('water') ? WATER_NAME : '#3a4450', ...NAME_HALO }
    }]
  }
  // The lesser ones first: what stands higher is placed before them.
  const starts = [...new Set(drawn.filter(kind => kind !== 'water').map(kind => PLACE_LOOKS[kind].from ?? 24))].sort((a, b) => b - a)
  return [
    ...layer(['water'], 'water'),
    ...starts.flatMap((from, i) => layer(drawn.filter(kind => kind !== 'water' && PLACE_LOOKS[kind].from === from), `settlement${i}`))
  ]
}

function isochroneAreas(): LayerSpecification[] {
  return [{
    id: 'isochrones-area', type: 'fill', source: 'isochrones', filter: false,
    paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': 0.16, 'fill-outline-color': 'rgba(0, 0, 0, 0)' }
  }]
}

/** The lines of a band, whose dashes tell it apart; their patterns are set band by band. */
function isochroneLines(run: Run, dashOf: (minutes: number) => readonly number[]): LayerSpecification[] {
  const minutes = [...new Set(run.isochrones.map(band => band.minutes))].sort((a, b) => b - a)
  return [
    ...minutes.flatMap((m): LayerSpecification[] => [
      {
        id: `isochrones-line-${m}`, type: 'line', source: 'isochrones', filter: false, metadata: { minutes: m },
        layout: { 'line-join': 'round' },
        paint: { 'line-color': ['get', 'colour'], 'line-width': byZoom([9, 0.9], [14, 2.6]), 'line-dasharray': [...dashOf(m)] }
      }
    ]),
    {
      id: 'isochrones-label', type: 'symbol', source: 'isochrones', filter: false,
      layout: {
        'symbol-placement': 'line', 'symbol-spacing': 260, 'text-font': FONT_BOLD, 'text-size': 11.5,
        'text-field': ['to-string', ['get', 'minutes']], 'text-keep-upright': true, 'text-padding': 8
      },
      paint: { 'text-color': ['get', 'colour'], ...NAME_HALO, 'text-halo-width': 2 }
    }
  ]
}

const iconLayout = (size: number) => ({
  'icon-image': ['get', 'icon'] as ExpressionSpecification,
  'icon-allow-overlap': true,
  'icon-size': byZoom([9, size * 0.5], [13, size])
})

/** Sizes of the agents' symbols: whole, and small where they stand on the circles of their load. */
export const agentSize = (small: boolean): ExpressionSpecification => (small ? byZoom([9, 0.3], [13, 0.6]) : byZoom([9, 0.52], [13, 1.05]))

function pointLayers(): LayerSpecification[] {
  return [
    { id: 'candidates-icon', type: 'symbol', source: 'candidates', layout: iconLayout(0.95) },
    // Below the symbols, which are placed first, so that names do not cover them.
    {
      id: 'agents-name', type: 'symbol', source: 'agents', minzoom: 12.5, filter: ['get', 'stands'],
      layout: {
        'text-field': ['get', 'name'], 'text-font': FONT_BOLD, 'text-size': 12, 'text-max-width': 9,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.4, 'text-optional': true
      },
      paint: { 'text-color': INK, ...NAME_HALO, 'text-halo-width': 1.8 }
    },
    {
      id: 'uncovered-line', type: 'line', source: 'uncovered', filter: ['==', ['geometry-type'], 'LineString'], minzoom: 10,
      paint: { 'line-color': INK, 'line-width': 1.4, 'line-dasharray': [2, 2] }
    },
    {
      id: 'uncovered-icon', type: 'symbol', source: 'uncovered', filter: ['==', ['geometry-type'], 'Point'],
      layout: { ...iconLayout(1.05), 'symbol-sort-key': ['get', 'order'] }
    },
    { id: 'offices-icon', type: 'symbol', source: 'offices', layout: { ...iconLayout(1), 'icon-image': 'office' } },
    {
      id: 'load-circle', type: 'circle', source: 'load', layout: { 'circle-sort-key': ['-', ['get', 'radius']] },
      paint: {
        'circle-radius': byZoom([9, ['*', 0.55, ['get', 'radius']]], [13, ['get', 'radius']]),
        'circle-color': ['get', 'colour'], 'circle-opacity': 0.82, 'circle-stroke-color': INK, 'circle-stroke-width': 1.2
      }
    },
    { id: 'agents-icon', type: 'symbol', source: 'agents', layout: { ...iconLayout(1.05), 'symbol-sort-key': ['get', 'order'] } },
    {
      id: 'load-overflow', type: 'symbol', source: 'load', filter: ['get', 'overflow'],
      layout: { 'icon-image': 'overflow', 'icon-allow-overlap': true, 'icon-size': byZoom([9, 0.55], [13, 0.9]) }
    },
    {
      id: 'selected-area', type: 'line', source: 'selected', filter: ['!=', ['geometry-type'], 'Point'],
      paint: { 'line-color': INK, 'line-width': 3.5 }
    },
    {
      id: 'selected-point', type: 'circle', source: 'selected', filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-radius': 16, 'circle-opacity': 0, 'circle-stroke-color': INK, 'circle-stroke-width': 3 }
    }
  ]
}

/** The style of a run. The cells are a custom layer, put in front of `ABOVE_CELLS` by the map view. */
export function styleOf(run: Run, dashOf: (minutes: number) => readonly number[]): StyleSpecification {
  const empty = { type: 'geojson' as const, data: collection([]) }
  const background = (data: GeoJSON.FeatureCollection) => ({ type: 'geojson' as const, data, maxzoom: CUT_TO_ZOOM })
  const sources: StyleSpecification['sources'] = {
    parks: background(parkFeatures(run)),
    water: background(waterFeatures(run)),
    roads: background(roadFeatures(run, false)),
    streets: { ...empty, maxzoom: CUT_TO_ZOOM },
    rail: background(railFeatures(run)),
    places: background(placeFeatures(run)),
    isochrones: { ...empty, maxzoom: CUT_TO_ZOOM },
    candidates: { type: 'geojson', data: candidateFeatures(run) },
    uncovered: { type: 'geojson', data: uncoveredFeatures(run) },
    offices: { type: 'geojson', data: officeFeatures(run) },
    agents: empty,
    load: empty,
    selected: empty
  }
  run.boundaries.forEach((layer, n) => {
    sources[boundaryId(n)] = background(areaFeatures(layer))
    sources[`${boundaryId(n)}-names`] = { type: 'geojson', data: namePoints(layer, () => ({})) }
  })
  if (run.boundaries.length > 0) sources['indicator-values'] = empty
  if (run.tiles !== null) sources['tiles'] = { type: 'raster', tiles: [run.tiles], tileSize: 256, maxzoom: 19 }
  return {
    version: 8,
    sources,
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': GROUND } },
      { id: 'parks-area', type: 'fill', source: 'parks', paint: { 'fill-color': PARK } },
      ...(run.tiles === null ? [] : [{
        id: 'tiles-picture', type: 'raster', source: 'tiles', layout: { visibility: 'none' }, paint: { 'raster-saturation': -0.4 }
      } satisfies LayerSpecification]),
      ...indicatorLayers(run),
      {
        id: 'water-area', type: 'fill', source: 'water', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': WATER }
      },
      {
        id: 'water-line', type: 'line', source: 'water', filter: ['==', ['geometry-type'], 'LineString'],
        paint: { 'line-color': WATER_LINE, 'line-width': byZoom([9, 0.5], [12, 1.2], [15, 4]) }
      },
      ...isochroneAreas(),
      ...roadLayers(),
      ...railLayers(),
      ...isochroneLines(run, dashOf),
      ...boundaryLayers(run),
      ...placeNames(),
      ...boundaryNames(run),
      ...indicatorNames(run),
      ...pointLayers()
    ]
  }
}

/** The fill of the areas by their class. */
export function areaColour(classes: readonly number[], bands: readonly ClassBand[]): ExpressionSpecification | string {
  const cases = bands.flatMap((band, i): unknown[] => {
    const members = classes.flatMap((which, index) => (which === i && band.pattern !== 'hatched' ? [index] : []))
    return members.length > 0 ? [members, band.colour] : []
  })
  const none = 'rgba(0, 0, 0, 0)'
  return cases.length > 0 ? (['match', ['get', 'index'], ...cases, none] as unknown as ExpressionSpecification) : none
}

/** Lets through the areas whose class has a pattern. */
export function patternFilter(classes: readonly number[], bands: readonly ClassBand[], pattern: ClassBand['pattern']): ExpressionSpecification {
  const members = classes.flatMap((which, index) => (bands[which]?.pattern === pattern ? [index] : []))
  return ['in', ['get', 'index'], ['literal', members]]
}
