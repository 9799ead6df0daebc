/** Unpacks what the run packed: base64 arrays and encoded polylines. */
import type { PackedCells } from './types'

/** Seconds that stand for "no agent can be reached". */
export const UNREACHED_S = 65535

/** The demand cells, one entry a cell in every array. */
export interface Cells {
  count: number
  /** Half a cell's width and height in degrees. */
  halfLon: number
  halfLat: number
  /** Centres in degrees. */
  lon: Float64Array
  lat: Float64Array
  persons: Float32Array
  /** Index into the features of the first boundary layer, -1 for none. */
  boundary: Int16Array
  /** For each phase: seconds to the nearest agent, `UNREACHED_S` for none. */
  timeS: Uint16Array[]
  /** For each phase: share of the people covered, times 255. */
  covered: Uint8Array[]
}

/** The bytes of a base64 text. Throws on anything else. */
export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64)
  const out = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i)
  return out
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Puts little-endian numbers of `size` bytes into the order of this machine. */
function toHostOrder(data: Uint8Array, size: number, hostIsLittle: boolean): void {
  if (hostIsLittle) return
  for (let i = 0; i + size <= data.length; i += size) data.subarray(i, i + size).reverse()
}

type Numbers = Int32Array | Float32Array | Int16Array | Uint16Array | Uint8Array

/** A little-endian array of exactly `count` numbers; `what` names it in the error. */
export function numbers<T extends Numbers>(
  type: { new (buffer: ArrayBuffer): T; BYTES_PER_ELEMENT: number },
  base64: string,
  count: number,
  what: string
): T {
  const data = bytes(base64)
  if (data.length !== count * type.BYTES_PER_ELEMENT) {
    throw new Error(`cells.${what}: ${data.length} bytes, expected ${count * type.BYTES_PER_ELEMENT}`)
  }
  toHostOrder(data, type.BYTES_PER_ELEMENT, HOST_IS_LITTLE_ENDIAN)
  return new type(data.buffer)
}

/** Unpacks the cells of a run with `phases` phases. Throws when an array has the wrong length. */
export function decodeCells(packed: PackedCells, phases: number): Cells {
  const { count } = packed
  const degrees = (base64: string, what: string) =>
    Float64Array.from(numbers(Int32Array, base64, count, what), microdegrees => microdegrees / 1e6)
  if (packed.time_s.length !== phases || packed.covered.length !== phases) {
    throw new Error(`cells: ${packed.time_s.length} and ${packed.covered.length} phases, expected ${phases}`)
  }
  return {
    count,
    halfLon: packed.half_lon,
    halfLat: packed.half_lat,
    lon: degrees(packed.lon, 'lon'),
    lat: degrees(packed.lat, 'lat'),
    persons: numbers(Float32Array, packed.persons, count, 'persons'),
    boundary: numbers(Int16Array, packed.boundary, count, 'boundary'),
    timeS: packed.time_s.map((base64, phase) => numbers(Uint16Array, base64, count, `time_s[${phase}]`)),
    covered: packed.covered.map((base64, phase) => numbers(Uint8Array, base64, count, `covered[${phase}]`))
  }
}

/** The [longitude, latitude] points of an encoded polyline of precision 5. A cut-off last point is left out. */
export function decodePolyline(encoded: string): [number, number][] {
  const points: [number, number][] = []
  let at = 0
  let lat = 0
  let lon = 0
  const next = (): number | null => {
    let value = 0
    let shift = 0
    while (at < encoded.length) {
      const chunk = encoded.charCodeAt(at++) - 63
      value |= (chunk & 31) << shift
      if (chunk < 32) return value & 1 ? ~(value >> 1) : value >> 1
      shift += 5
    }
    return null
  }
  while (at < encoded.length) {
    const dLat = next()
    const dLon = next()
    if (dLat === null || dLon === null) break
    lat += dLat
    lon += dLon
    points.push([lon / 1e5, lat / 1e5])
  }
  return points
}
