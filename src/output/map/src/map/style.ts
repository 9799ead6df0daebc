/** The map's style: sources from the run, and layers from the ground up. No glyphs, sprite or tiles are named, so none are fetched. */
import type { Feature, FeatureCollection, MultiLineString, Point } from 'geojson'
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { decodePolyline } from '../decode'
import { boundaryId } from '../layers'
import { BEYOND, WITHIN } from '../palette'
import type { Run } from '../run'
import { ROAD_CLASSES, type RoadClass } from '../types'
import { labelPoint } from './geometry'

/** Drawn with the reader's own fonts, which hold the Vietnamese letters. */
const FONT = ['sans-serif']
/** No such family: MapLibre takes the weight from the name, and the browser falls back to its sans-serif. */
const FONT_BOLD = ['map bold']
const INK = '#16202b'

/** Line width at zoom 9 and at zoom 15, and the zoom from which the class is drawn. */
const ROAD_LOOKS: Record<RoadClass, { low: number; high: number; from: number; colour: string }> = {
  motorway: { low: 1.6, high: 7, from: 0, colour: '#e58f5f' },
  trunk: { low: 1.4, high: 6, from: 0, colour: '#edb06d' },
  primary: { low: 1.1, high: 5, from: 0, colour: '#f2cd86' },
  secondary: { low: 0.7, high: 4, from: 9, colour: '#ffffff' },
  tertiary: { low: 0.4, high: 3, from: 10, colour: '#ffffff' },
  residential: { low: 0.2, high: 2, from: 12, colour: '#ffffff' },
  other: { low: 0.2, high: 1.5, from: 12, colour: '#ffffff' }
}

/** The colour of a road class, for the legend. */
export const roadColour = (road: RoadClass): string => ROAD_LOOKS[road].colour

/** The colour of an isochrone band of so many minutes, by its place beside the standard. */
export function bandColour(minutes: number, standard: number): string {
  if (minutes <= standard / 3) return WITHIN[0]
  if (minutes <= (2 * standard) / 3) return WITHIN[1]
  if (minutes <= standard) return '#5fa9c9'
  return BEYOND[1]
}

const collection = <F extends Feature>(features: F[]) => ({ type: 'FeatureCollection' as const, features })

function points<T extends { lon: number; lat: number }>(items: T[], properties: (item: T) => object): FeatureCollection<Point> {
  return collection(
    items.map((item, index) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [item.lon, item.lat] },
      properties: { index, ...properties(item) }
    }))
  )
}

function roadFeatures(run: Run): FeatureCollection<MultiLineString> {
  return collection(
    run.roads.map(roads => ({
      type: 'Feature',
      geometry: { type: 'MultiLineString', coordinates: roads.lines.map(decodePolyline).filter(line => line.length > 1) },
      properties: { class: roads.class }
    }))
  )
}

/** An area of encoded rings, the outer one first. */
const rings = (area: string[]) => area.map(decodePolyline).filter(ring => ring.length > 3)

function waterFeatures(run: Run): FeatureCollection {
  return collection<Feature>([
    { type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: run.water.areas.map(rings) } },
    { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: run.water.lines.map(decodePolyline) } }
  ])
}

function roadLayers(): LayerSpecification[] {
  const width = (road: RoadClass, more: number): ExpressionSpecification => {
    const { low, high } = ROAD_LOOKS[road]
    return ['interpolate', ['exponential', 1.4], ['zoom'], 9, low + more * 0.6, 15, high + more]
  }
  const filter = (road: RoadClass): ExpressionSpecification => ['==', ['get', 'class'], road]
  const layout = { 'line-cap': 'round', 'line-join': 'round' } as const
  const order = [...ROAD_CLASSES].reverse()
  // All casings below all roads, so that crossings look joined.
  const casings = order.map((road): LayerSpecification => ({
    id: `roads-casing-${road}`, type: 'line', source: 'roads', filter: filter(road), layout,
    minzoom: ROAD_LOOKS[road].from,
    paint: { 'line-color': '#8b8378', 'line-width': width(road, 1.4), 'line-opacity': 0.75 }
  }))
  const roads = order.map((road): LayerSpecification => ({
    id: `roads-${road}`, type: 'line', source: 'roads', filter: filter(road), layout,
    minzoom: ROAD_LOOKS[road].from,
    paint: { 'line-color': ROAD_LOOKS[road].colour, 'line-width': width(road, 0) }
  }))
  return [...casings, ...roads]
}

function boundaryLayers(run: Run): LayerSpecification[] {
  return run.boundaries.flatMap((_, n): LayerSpecification[] => [
    { id: `${boundaryId(n)}-area`, type: 'fill', source: boundaryId(n), paint: { 'fill-color': INK, 'fill-opacity': 0 } },
    {
      id: `${boundaryId(n)}-line`, type: 'line', source: boundaryId(n), layout: { 'line-join': 'round' },
      paint: {
        'line-color': n === 0 ? '#4b3b57' : '#7a1f3d',
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, n === 0 ? 0.7 : 1.6, 14, n === 0 ? 1.8 : 3.2],
        'line-dasharray': n === 0 ? [4, 2] : [6, 2, 1, 2],
        'line-opacity': 0.85
      }
    }
  ])
}

function boundaryNames(run: Run): LayerSpecification[] {
  return run.boundaries.map((_, n): LayerSpecification => ({
    id: `${boundaryId(n)}-name`, type: 'symbol', source: `${boundaryId(n)}-names`, minzoom: n === 0 ? 8.6 : 8,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': n === 0 ? FONT : FONT_BOLD,
      'text-size': ['interpolate', ['linear'], ['zoom'], 9, 10.5, 14, 15],
      // Steps aside for the symbols, which are placed first.
      'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'],
      'text-radial-offset': 0.8,
      'text-padding': 4,
      'text-max-width': 7,
      'symbol-sort-key': ['-', ['coalesce', ['get', 'persons'], 0]]
    },
    paint: { 'text-color': '#2d2137', 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 }
  }))
}

function isochroneLayers(): LayerSpecification[] {
  const colour: ExpressionSpecification = ['get', 'colour']
  return [
    { id: 'isochrones-area', type: 'fill', source: 'isochrones', paint: { 'fill-color': colour, 'fill-opacity': 0.2 } },
    { id: 'isochrones-line', type: 'line', source: 'isochrones', paint: { 'line-color': colour, 'line-width': 1.8 } }
  ]
}

function pointLayers(): LayerSpecification[] {
  const icon = (image: ExpressionSpecification | string, size: number) => ({
    'icon-image': image,
    'icon-allow-overlap': true,
    'icon-size': ['interpolate', ['linear'], ['zoom'], 9, size * 0.5, 13, size] as ExpressionSpecification
  })
  return [
    { id: 'candidates-icon', type: 'symbol', source: 'candidates', layout: icon(['get', 'status'], 0.95) },
    // Below the symbols, which are placed first, so that names do not cover them.
    {
      id: 'agents-name', type: 'symbol', source: 'agents', minzoom: 12.5,
      layout: {
        'text-field': ['get', 'name'], 'text-font': FONT_BOLD, 'text-size': 12, 'text-max-width': 9,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.4, 'text-optional': true
      },
      paint: { 'text-color': INK, 'text-halo-color': '#ffffff', 'text-halo-width': 1.8 }
    },
    { id: 'uncovered-icon', type: 'symbol', source: 'uncovered', layout: icon('uncovered', 1.05) },
    { id: 'agents-icon', type: 'symbol', source: 'agents', layout: { ...icon('opened-before', 1.05), 'symbol-sort-key': 0 } },
    {
      id: 'selected-area', type: 'line', source: 'selected', filter: ['!=', ['geometry-type'], 'Point'],
      paint: { 'line-color': INK, 'line-width': 3.5 }
    },
    {
      id: 'selected-point', type: 'circle', source: 'selected', filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 16, 'circle-opacity': 0, 'circle-stroke-color': INK, 'circle-stroke-width': 3
      }
    }
  ]
}

/** The style of a run. The cells are a custom layer, put in front of `water-area` by the map view. */
export function styleOf(run: Run): StyleSpecification {
  const sources: StyleSpecification['sources'] = {
    water: { type: 'geojson', data: waterFeatures(run) },
    roads: { type: 'geojson', data: roadFeatures(run) },
    isochrones: {
      type: 'geojson',
      // The widest band first, so that the nearer ones lie on it.
      data: collection(
        [...run.isochrones]
          .sort((a, b) => b.minutes - a.minutes)
          .map(({ geometry, phase, minutes }): Feature => ({
            type: 'Feature', geometry, properties: { phase, colour: bandColour(minutes, run.standard.minutes) }
          }))
      )
    },
    agents: { type: 'geojson', data: points(run.agents, ({ name, phase, fixed }) => ({ name, phase, fixed })) },
    candidates: { type: 'geojson', data: points(run.candidates, ({ status }) => ({ status })) },
    uncovered: { type: 'geojson', data: points(run.uncovered, () => ({})) },
    selected: { type: 'geojson', data: collection([]) }
  }
  run.boundaries.forEach((layer, n) => {
    const features = layer.features.features
    sources[boundaryId(n)] = {
      type: 'geojson',
      data: collection(features.map((f, index): Feature => ({ type: 'Feature', geometry: f.geometry, properties: { index } })))
    }
    sources[`${boundaryId(n)}-names`] = {
      type: 'geojson',
      data: collection(
        features.flatMap((f, index): Feature[] => {
          const coordinates = labelPoint(f.geometry)
          if (!coordinates) return []
          const { name, persons } = f.properties
          return [{ type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { index, name, persons } }]
        })
      )
    }
  })
  return {
    version: 8,
    sources,
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': '#f3f1ec' } },
      {
        id: 'water-area', type: 'fill', source: 'water', filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': '#bcd6e6' }
      },
      {
        id: 'water-line', type: 'line', source: 'water', filter: ['==', ['geometry-type'], 'LineString'],
        paint: { 'line-color': '#8fb7d1', 'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.8, 15, 4] }
      },
      ...isochroneLayers(),
      ...roadLayers(),
      ...boundaryLayers(run),
      ...boundaryNames(run),
      ...pointLayers()
    ]
  }
}

/** The symbol of each agent in a phase. */
export function agentIcon(phase: number): ExpressionSpecification {
  return [
    'case',
    ['get', 'fixed'], 'fixed',
    ['==', ['get', 'phase'], phase], 'opened-now',
    ['<', ['get', 'phase'], phase], 'opened-before',
    'opens-later'
  ]
}
