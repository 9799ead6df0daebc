/**
 * Unpacks what the run packed. The data is base64 of a raw deflate stream of a container: the length of the JSON as a
 * little-endian number of four bytes, the JSON, and the blob with all binary arrays. An array is stored in planes: the
 * lowest bytes of all values, then the second bytes, and so on; some arrays hold the differences to the value before.
 */
import type { Packed, PackedCells, PackedPlaces, PlaceKind } from './types'

/** Seconds that stand for "no agent can be reached". */
export const UNREACHED_S = 65535
/** The index that stands for "no agent". */
export const NO_AGENT = 65535

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
  /** For each phase: seconds to the nearest agent by the most used mode, `UNREACHED_S` for none. */
  timeS: Uint16Array[]
  /** For each phase: share of the people served, times 255. */
  covered: Uint8Array[]
  /** For each phase: bit m is set where the people of mode m are served. */
  modes: Uint8Array[]
  /** For each phase: index of the nearest agent by the most used mode, `NO_AGENT` for none. */
  agent: Uint16Array[]
}

/** Named places, the more important ones first. */
export interface Places {
  count: number
  kind: PlaceKind[]
  name: string[]
  /** Degrees. */
  lon: Float64Array
  lat: Float64Array
}

/** The JSON text of a container and the blob behind it. */
export interface Container {
  json: string
  blob: Uint8Array
}

/** Browsers of 2025 and later decode base64 themselves, several times faster. */
type NativeBase64 = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }

/** The bytes of a base64 text. Throws on anything else. */
export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as NativeBase64).fromBase64
  if (native) return native.call(Uint8Array, base64)
  const binary = atob(base64)
  const out = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i)
  return out
}

/** The bytes of a raw deflate stream. Rejects when it is broken. */
export async function inflate(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Takes a container apart. Throws when it is shorter than it says. */
export function openContainer(data: Uint8Array): Container {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const length = data.length >= 4 ? view.getUint32(0, true) : 0
  if (data.length < 4 || 4 + length > data.length) throw new Error(`the data end after ${data.length} bytes`)
  const json = new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(4, 4 + length))
  return { json, blob: data.subarray(4 + length) }
}

type Numbers = Int32Array | Uint32Array | Int16Array | Uint16Array | Uint8Array

/**
 * `count` whole numbers out of the blob; `delta` when differences are stored; `what` names them in the error. The sum
 * wraps around at the type's width, as it did when the differences were taken.
 */
export function unpack<T extends Numbers>(
  type: { new (length: number): T; BYTES_PER_ELEMENT: number },
  blob: Uint8Array,
  packed: Packed,
  count: number,
  delta: boolean,
  what: string
): T {
  const { at, length } = packed
  const size = type.BYTES_PER_ELEMENT
  if (length !== count) throw new Error(`${what}: ${length} values, expected ${count}`)
  if (!Number.isInteger(at) || at < 0 || at + length * size > blob.length) {
    throw new Error(`${what}: ${length * size} bytes at ${at}, the blob has ${blob.length}`)
  }
  if (size === 1 && !delta) return Uint8Array.prototype.slice.call(blob, at, at + length) as T
  const out = new type(length)
  const [first, second, third, fourth] = [at, at + length, at + 2 * length, at + 3 * length]
  let sum = 0
  for (let i = 0; i < length; i++) {
    let value = blob[first + i] ?? 0
    if (size > 1) value |= (blob[second + i] ?? 0) << 8
    if (size > 2) value |= ((blob[third + i] ?? 0) << 16) | ((blob[fourth + i] ?? 0) << 24)
    // A typed array keeps the low bytes of what it is given: that is the wrapping.
    sum = delta ? (sum + value) | 0 : value
    out[i] = sum
  }
  return out
}

/** Whole steps of `1 / perUnit` as numbers. */
function scaled<T extends Float32Array | Float64Array>(type: new (length: number) => T, steps: Numbers, perUnit: number): T {
  const out = new type(steps.length)
  for (let i = 0; i < steps.length; i++) out[i] = (steps[i] ?? 0) / perUnit
  return out
}

/** Unpacks the cells of a run with `phases` phases. Throws when an array has the wrong length. */
export function decodeCells(packed: PackedCells, blob: Uint8Array, phases: number): Cells {
  const { count } = packed
  if (packed.phases.length !== phases) throw new Error(`cells: ${packed.phases.length} phases, expected ${phases}`)
  const degrees = (array: Packed, what: string) =>
    scaled(Float64Array, unpack(Int32Array, blob, array, count, true, what), 1e6)
  const each = <T>(make: (phase: PackedCells['phases'][number], name: string) => T): T[] =>
    packed.phases.map((phase, i) => make(phase, `cells.phases[${i}]`))
  return {
    count,
    halfLon: packed.half_lon,
    halfLat: packed.half_lat,
    lon: degrees(packed.lon, 'cells.lon'),
    lat: degrees(packed.lat, 'cells.lat'),
    persons: scaled(Float32Array, unpack(Uint32Array, blob, packed.persons, count, false, 'cells.persons'), 1000),
    boundary: unpack(Int16Array, blob, packed.boundary, count, true, 'cells.boundary'),
    timeS: each((phase, name) => unpack(Uint16Array, blob, phase.time_s, count, true, `${name}.time_s`)),
    covered: each((phase, name) => unpack(Uint8Array, blob, phase.covered, count, false, `${name}.covered`)),
    modes: each((phase, name) => unpack(Uint8Array, blob, phase.modes, count, false, `${name}.modes`)),
    agent: each((phase, name) => unpack(Uint16Array, blob, phase.agent, count, true, `${name}.agent`))
  }
}

/** Unpacks the named places. Throws when an array has the wrong length. */
export function decodePlaces(packed: PackedPlaces, blob: Uint8Array): Places {
  const { kind, name } = packed
  const count = name.length
  if (kind.length !== count) throw new Error(`places.kind: ${kind.length} values, expected ${count}`)
  const degrees = (array: Packed, what: string) =>
    scaled(Float64Array, unpack(Int32Array, blob, array, count, true, what), 1e5)
  return { count, kind, name, lon: degrees(packed.lon, 'places.lon'), lat: degrees(packed.lat, 'places.lat') }
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
