import { expect, test } from 'vitest'
import { bytes, decodeCells, decodePolyline, numbers, UNREACHED_S } from '../src/decode'

const base64 = (...values: number[]) => btoa(String.fromCharCode(...values))

test('base64 gives its bytes', () => {
  // "AQL/" is 000000 010000 001011 111111: the bytes 1, 2, 255.
  expect([...bytes('AQL/')]).toEqual([1, 2, 255])
  expect([...bytes('')]).toEqual([])
})

test('numbers are read as little-endian', () => {
  // 105834200 = 0x064EE6D8, written with its lowest byte first; -2 is 0xFFFFFFFE.
  const packed = base64(0xd8, 0xe6, 0x4e, 0x06, 0xfe, 0xff, 0xff, 0xff)
  expect([...numbers(Int32Array, packed, 2, 'lon')]).toEqual([105834200, -2])
})

test('an array of the wrong length is refused by name', () => {
  expect(() => numbers(Int32Array, base64(1, 2, 3), 1, 'lat')).toThrow('cells.lat: 3 bytes, expected 4')
})

test('cells are unpacked phase by phase', () => {
  const cells = decodeCells(
    {
      count: 1,
      half_lon: 0.002,
      half_lat: 0.001,
      lon: base64(0xd8, 0xe6, 0x4e, 0x06),
      // 21027800 = 0x0140DBD8.
      lat: base64(0xd8, 0xdb, 0x40, 0x01),
      // 1.5 as a 32-bit float is 0x3FC00000.
      persons: base64(0x00, 0x00, 0xc0, 0x3f),
      boundary: base64(0xff, 0xff),
      // 0xFFFF is "no agent"; 0x0258 is 600 s.
      time_s: [base64(0xff, 0xff), base64(0x58, 0x02)],
      covered: [base64(0), base64(255)]
    },
    2
  )
  expect(cells.lon[0]).toBe(105.8342)
  expect(cells.lat[0]).toBe(21.0278)
  expect(cells.persons[0]).toBe(1.5)
  expect(cells.boundary[0]).toBe(-1)
  expect(cells.timeS.map(times => times[0])).toEqual([UNREACHED_S, 600])
  expect(cells.covered.map(shares => shares[0])).toEqual([0, 255])
})

test('a missing phase is refused', () => {
  const none = { count: 0, half_lon: 1, half_lat: 1, lon: '', lat: '', persons: '', boundary: '', time_s: [''], covered: [] }
  expect(() => decodeCells(none, 1)).toThrow('1 and 0 phases, expected 1')
})

test('polylines come back longitude first', () => {
  // The published example of the format: (38.5, -120.2), (40.7, -120.95), (43.252, -126.453) as latitude, longitude.
  expect(decodePolyline('_p~iF~ps|U_ulLnnqC_mqNvxq`@')).toEqual([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
  // One step of 1e-5 north and west of 0: 1 becomes 2, "A"; -1 becomes 1, "@".
  expect(decodePolyline('A@')).toEqual([[-0.00001, 0.00001]])
  expect(decodePolyline('')).toEqual([])
  expect(decodePolyline('_p~iF')).toEqual([])
})
