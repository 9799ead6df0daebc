/** Small plane geometry on longitude and latitude, for placing names and outlines. */
import type { MultiPolygon, Polygon, Position } from 'geojson'

/** Twice the signed area and the centroid of a ring, in degrees; null for a ring without area. */
function ringCentroid(ring: Position[]): { area: number; centre: [number, number] } | null {
  let area = 0
  let x = 0
  let y = 0
  const [x0 = 0, y0 = 0] = ring[0] ?? []
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax = 0, ay = 0] = ring[i] ?? []
    const [bx = 0, by = 0] = ring[i + 1] ?? []
    // Relative to the first point, so that small rings far from the origin keep their digits.
    const cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
    area += cross
    x += (ax + bx - 2 * x0) * cross
    y += (ay + by - 2 * y0) * cross
  }
  return area === 0 ? null : { area, centre: [x0 + x / (3 * area), y0 + y / (3 * area)] }
}

/** Where the name of an area stands: the centroid of its largest part. */
export function labelPoint(geometry: Polygon | MultiPolygon): [number, number] | null {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  let best: ReturnType<typeof ringCentroid> = null
  for (const polygon of polygons) {
    const found = ringCentroid(polygon[0] ?? [])
    if (found && (!best || Math.abs(found.area) > Math.abs(best.area))) best = found
  }
  return best?.centre ?? null
}

/** West, south, east, north of an area; null when it has no points. */
export function boundsOf(geometry: Polygon | MultiPolygon): [number, number, number, number] | null {
  const out: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  for (const [x = NaN, y = NaN] of polygons.flat(2)) {
    out[0] = Math.min(out[0], x)
    out[1] = Math.min(out[1], y)
    out[2] = Math.max(out[2], x)
    out[3] = Math.max(out[3], y)
  }
  return Number.isFinite(out[0]) ? out : null
}
