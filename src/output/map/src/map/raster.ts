/** Lays the demand cells on a grid of texels, so that the map draws one picture however many cells there are. */
import type { Cells } from '../decode'

/** Every WebGL 2 device of the last ten years holds pictures of this size. */
const MOST_TEXELS = 4096
/** Texels along a cell where the cells do not stand on one common grid: their edges are then right to an eighth of a cell. */
const FINE = 4
/** How far off the grid a cell may stand, in cells: its centre was rounded to a millionth of a degree. */
const TOLERANCE = 0.02

/** Where the cells lie on the picture. Row 0 is the southernmost. */
export interface Raster {
  width: number
  height: number
  west: number
  south: number
  east: number
  north: number
  /** For each cell its first column and row, and those after its last. */
  boxes: Uint16Array
}

function range(values: Float64Array): [number, number] {
  let least = Infinity
  let most = -Infinity
  for (const value of values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  return [least, most]
}

/** Whether all values are whole numbers of steps from the first. */
function onGrid(values: Float64Array, first: number, step: number): boolean {
  return values.every(value => {
    const steps = (value - first) / step
    return Math.abs(steps - Math.round(steps)) <= TOLERANCE
  })
}

/** The raster of the cells; null when there are none. */
export function rasterOf(cells: Cells, most = MOST_TEXELS): Raster | null {
  if (cells.count === 0 || !(cells.halfLon > 0) || !(cells.halfLat > 0)) return null
  const stepX = 2 * cells.halfLon
  const stepY = 2 * cells.halfLat
  const [minLon, maxLon] = range(cells.lon)
  const [minLat, maxLat] = range(cells.lat)
  const columns = (maxLon - minLon) / stepX + 1
  const rows = (maxLat - minLat) / stepY + 1
  const aligned = onGrid(cells.lon, minLon, stepX) && onGrid(cells.lat, minLat, stepY)
  // Very wide areas get less than a texel a cell: from so far away none could be told from its neighbour.
  const scale = Math.min(aligned ? 1 : FINE, most / Math.max(columns, rows))
  const size = (count: number) => Math.min(most, Math.max(1, Math.round(count * scale)))
  const width = size(columns)
  const height = size(rows)
  const boxes = new Uint16Array(4 * cells.count)
  const place = (steps: number, limit: number): [number, number] => {
    const from = Math.min(limit - 1, Math.round(steps * scale))
    return [from, Math.min(limit, Math.max(from + 1, Math.round((steps + 1) * scale)))]
  }
  for (let i = 0; i < cells.count; i++) {
    const [left, right] = place(((cells.lon[i] ?? 0) - minLon) / stepX, width)
    const [bottom, top] = place(((cells.lat[i] ?? 0) - minLat) / stepY, height)
    boxes.set([left, bottom, right, top], 4 * i)
  }
  const [west, south] = [minLon - cells.halfLon, minLat - cells.halfLat]
  return { width, height, west, south, east: west + (width / scale) * stepX, north: south + (height / scale) * stepY, boxes }
}

/** The picture in which every texel has its cell's class, 0 where there is no cell. Rows are padded to `stride`. */
export function paint(raster: Raster, classes: Uint8Array, stride: number): Uint8Array {
  const out = new Uint8Array(stride * raster.height)
  const { boxes } = raster
  for (let i = 0; i < classes.length; i++) {
    const cellClass = classes[i] ?? 0
    if (cellClass === 0) continue
    const left = boxes[4 * i] ?? 0
    const right = boxes[4 * i + 2] ?? 0
    for (let row = boxes[4 * i + 1] ?? 0; row < (boxes[4 * i + 3] ?? 0); row++) {
      out.fill(cellClass, row * stride + left, row * stride + right)
    }
  }
  return out
}
