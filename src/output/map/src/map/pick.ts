/** What stands at a point of the map. Pure functions of the run; longitude first, distances in metres. */
import type { MultiPolygon, Polygon, Position } from 'geojson'
import type { Cells } from '../decode'
import type { Run } from '../run'
import type { Selection } from '../selection'
import type { BoundaryLayer } from '../types'
import { boundsOf } from './geometry'

const METRES_PER_DEGREE = 111_195

/** The cell that holds a point, its edges included, or -1. Where two meet, the earlier one. */
export function cellAt(cells: Cells, lon: number, lat: number): number {
  const { count, halfLon, halfLat } = cells
  for (let i = 0; i < count; i++) {
    if (Math.abs((cells.lat[i] ?? Infinity) - lat) <= halfLat && Math.abs((cells.lon[i] ?? Infinity) - lon) <= halfLon) return i
  }
  return -1
}

/** Whether a ring turns around a point an odd number of times. */
function inRing(ring: Position[], lon: number, lat: number): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax = 0, ay = 0] = ring[i] ?? []
    const [bx = 0, by = 0] = ring[j] ?? []
    if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) inside = !inside
  }
  return inside
}

/** Whether an area holds a point; what lies in a hole is outside. */
export function contains(area: Polygon | MultiPolygon, lon: number, lat: number): boolean {
  const polygons = area.type === 'Polygon' ? [area.coordinates] : area.coordinates
  return polygons.some(([outer = [], ...holes]) => inRing(outer, lon, lat) && !holes.some(hole => inRing(hole, lon, lat)))
}

const boundsCache = new WeakMap<BoundaryLayer, ([number, number, number, number] | null)[]>()

/** The index of the area of a layer that holds a point, or -1. */
export function boundaryAt(layer: BoundaryLayer, lon: number, lat: number): number {
  const { features } = layer.features
  let bounds = boundsCache.get(layer)
  if (!bounds) {
    bounds = features.map(feature => boundsOf(feature.geometry))
    boundsCache.set(layer, bounds)
  }
  return features.findIndex((feature, i) => {
    const [west, south, east, north] = bounds[i] ?? [Infinity, Infinity, -Infinity, -Infinity]
    return lon >= west && lon <= east && lat >= south && lat <= north && contains(feature.geometry, lon, lat)
  })
}

/** The distance between two near points, on a plane that fits there. */
export function metresBetween(lon: number, lat: number, otherLon: number, otherLat: number): number {
  const shrink = Math.cos((((lat + otherLat) / 2) * Math.PI) / 180)
  return METRES_PER_DEGREE * Math.hypot((lon - otherLon) * shrink, lat - otherLat)
}

/** The nearest of some points within `reach` metres, and how far it is; null where none is so near. */
export function nearest(
  points: readonly { lon: number; lat: number }[], lon: number, lat: number, reach: number
): { index: number; metres: number } | null {
  let best: { index: number; metres: number } | null = null
  points.forEach((point, index) => {
    const metres = metresBetween(lon, lat, point.lon, point.lat)
    if (metres <= reach && (!best || metres < best.metres)) best = { index, metres }
  })
  return best
}

/** What counts as picked: the points of the layers shown within `reach` metres, then the cell, then the area. */
export interface PickOptions {
  layers: readonly string[]
  reach: number
}

/**
 * What a click on a point means: the nearest symbol shown within reach, agents before others; else the cell, where cells
 * are shown; else the area of the first boundary layer shown; else null.
 */
export function pick(run: Run, lon: number, lat: number, { layers, reach }: PickOptions): Selection | null {
  const shown = (id: string) => layers.includes(id)
  if (shown('agents') || shown('load')) {
    const agent = nearest(run.agents, lon, lat, reach)
    if (agent) return { kind: 'agent', index: agent.index }
  }
  const others = [
    { id: 'uncovered', kind: 'uncovered', points: run.uncovered },
    { id: 'uncovered', kind: 'uncovered', points: run.uncovered.map(place => place.new_point) },
    { id: 'offices', kind: 'office', points: run.offices },
    { id: 'candidates', kind: 'candidate', points: run.candidates }
  ] as const
  let best: { selection: Selection; metres: number } | null = null
  for (const { id, kind, points } of others) {
    const found = shown(id) ? nearest(points, lon, lat, reach) : null
    if (found && (!best || found.metres < best.metres)) best = { selection: { kind, index: found.index }, metres: found.metres }
  }
  if (best) return best.selection
  const cell = shown('cells') ? cellAt(run.cells, lon, lat) : -1
  if (cell >= 0) return { kind: 'cell', index: cell }
  for (const [layer, boundary] of run.boundaries.entries()) {
    // The indicators colour the areas of the first layer.
    if (!shown(`boundary${layer}`) && !(layer === 0 && shown('indicators'))) continue
    const index = boundaryAt(boundary, lon, lat)
    if (index >= 0) return { kind: 'boundary', layer, index }
  }
  return null
}
