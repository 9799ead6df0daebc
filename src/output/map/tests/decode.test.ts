import { expect, test } from 'vitest'
import { bytes, decodePlaces, decodePolyline, inflate, NO_AGENT, openContainer, unpack, UNREACHED_S } from '../src/decode'
import { parseRun } from '../src/run'
import { Packer, smallRun } from './container'

test('base64 gives its bytes', () => {
  // "AQL/" is 000000 010000 001011 111111: the bytes 1, 2, 255.
  expect([...bytes('AQL/')]).toEqual([1, 2, 255])
  expect([...bytes('')]).toEqual([])
  expect(() => bytes('A*')).toThrow()
})

test('a deflate stream is inflated, a broken one refused', async () => {
  // A stored block: last-block bit and type 00 (0x01), length 2, its complement, then the two bytes.
  expect([...(await inflate(Uint8Array.of(0x01, 2, 0, 0xfd, 0xff, 7, 8)))]).toEqual([7, 8])
  await expect(inflate(Uint8Array.of(0xff, 0xff))).rejects.toThrow()
})

test('a container is its JSON and its blob', () => {
  // Two bytes of JSON, "{}" = 0x7B 0x7D, and a blob of one byte.
  const { json, blob } = openContainer(Uint8Array.of(2, 0, 0, 0, 0x7b, 0x7d, 9))
  expect([json, ...blob]).toEqual(['{}', 9])
  expect(() => openContainer(Uint8Array.of(4, 0, 0, 0, 0x7b))).toThrow('end after 5 bytes')
  expect(() => openContainer(Uint8Array.of(1))).toThrow('end after 1 bytes')
})

test('planes: the lowest bytes of all values come first', () => {
  // 105834200 = 0x064EE6D8 and -2 = 0xFFFFFFFE; after them a byte of another array.
  const blob = Uint8Array.of(0xd8, 0xfe, 0xe6, 0xff, 0x4e, 0xff, 0x06, 0xff, 1)
  expect([...unpack(Int32Array, blob, { at: 0, length: 2 }, 2, false, 'x')]).toEqual([105834200, -2])
  expect([...unpack(Uint32Array, blob, { at: 0, length: 2 }, 2, false, 'x')]).toEqual([105834200, 4294967294])
  expect([...unpack(Uint8Array, blob, { at: 7, length: 2 }, 2, false, 'x')]).toEqual([255, 1])
  // 0xFFE6 and 0xFF4E from the middle.
  expect([...unpack(Uint16Array, blob, { at: 2, length: 2 }, 2, false, 'x')]).toEqual([0x4ee6, 0xffff])
})

test('differences are summed up and wrap at the width of the type', () => {
  // 600, 65535, 0: the differences 600 = 0x0258, 64935 = 0xFDA7, -65535 = 0x0001 in 16 bits.
  const blob = Uint8Array.of(0x58, 0xa7, 0x01, 0x02, 0xfd, 0x00)
  expect([...unpack(Uint16Array, blob, { at: 0, length: 3 }, 3, true, 'x')]).toEqual([600, 65535, 0])
  // -1, 3: the differences -1 = 0xFFFF and 4.
  const signed = Uint8Array.of(0xff, 0x04, 0xff, 0x00)
  expect([...unpack(Int16Array, signed, { at: 0, length: 2 }, 2, true, 'x')]).toEqual([-1, 3])
})

test('an array of the wrong length or place is refused by name', () => {
  const blob = new Uint8Array(8)
  expect(() => unpack(Int32Array, blob, { at: 0, length: 2 }, 3, true, 'cells.lat')).toThrow('cells.lat: 2 values, expected 3')
  expect(() => unpack(Int32Array, blob, { at: 4, length: 2 }, 2, true, 'cells.lat')).toThrow('8 bytes at 4, the blob has 8')
  for (const at of [-1, 0.5]) expect(() => unpack(Uint8Array, blob, { at, length: 1 }, 1, false, 'x')).toThrow('the blob has')
})

test('a run comes back from its text', async () => {
  const packer = new Packer()
  const json = smallRun(packer)
  const run = await parseRun(packer.close(json))
  const { cells, places } = run
  expect([...cells.lon]).toEqual([105.4, 105.5, 105.6])
  expect([...cells.lat]).toEqual([21, 21, 21])
  expect([...cells.persons]).toEqual([10, 20, 30])
  expect([...cells.boundary]).toEqual([0, 0, -1])
  expect(cells.timeS.map(times => [...times])).toEqual([[60, 600, UNREACHED_S], [60, 600, 60]])
  expect(cells.covered.map(shares => [...shares])).toEqual([[255, 191, 0], [255, 255, 255]])
  expect(cells.modes.map(masks => [...masks])).toEqual([[3, 1, 0], [3, 3, 3]])
  expect(cells.agent.map(agents => [...agents])).toEqual([[0, 0, NO_AGENT], [0, 1, 1]])
  expect([places.count, ...places.name, ...places.lon, ...places.lat]).toEqual([2, 'Hà Nội', 'Phố Huế', 105.85, 105.852, 21.02, 21.01])
  expect(run.mainMode?.id).toBe('motorcycle')
  expect(run.agents).toEqual(json.agents)
})

test('letters come back composed', async () => {
  const packer = new Packer()
  const json = smallRun(packer)
  // A line break before a mark: composing the JSON text instead of its values would break the escape.
  json.title = { vi: 'Dịch vụ\n\u0301'.normalize('NFD'), en: '' }
  expect((await parseRun(packer.close(json))).title.vi).toBe('Dịch vụ\n\u0301')
})

test('what is no run is refused with a sentence', async () => {
  const packer = new Packer()
  const json = smallRun(packer)
  await expect(parseRun(packer.close({ ...json, format: 1 }))).rejects.toThrow('format 1; this page reads format 2')
  await expect(parseRun(packer.close({ ...json, phases: [] }))).rejects.toThrow('cells: 2 phases, expected 0')
  await expect(parseRun('')).rejects.toThrow()
  expect(() => decodePlaces({ ...json.places, kind: [] }, new Uint8Array())).toThrow('places.kind: 0 values, expected 2')
})

test('polylines come back longitude first', () => {
  // The published example of the format: (38.5, -120.2), (40.7, -120.95), (43.252, -126.453) as latitude, longitude.
  expect(decodePolyline('_p~iF~ps|U_ulLnnqC_mqNvxq`@')).toEqual([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
  // One step of 1e-5 north and west of 0: 1 becomes 2, "A"; -1 becomes 1, "@".
  expect(decodePolyline('A@')).toEqual([[-0.00001, 0.00001]])
  expect(decodePolyline('')).toEqual([])
  expect(decodePolyline('_p~iF')).toEqual([])
})
