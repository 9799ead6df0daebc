import { expect, test } from 'vitest'
import { parseRun } from '../src/run'
import { coordinatesOf, find, shelf, shelves, type Shelf } from '../src/search'
import { Packer, smallRun } from './container'

const agents = (...names: string[]): Shelf => shelf('agent', names, names.map((_, i) => `Mã-${i}`), index => ({ kind: 'agent', index }))
const names = (all: Shelf[], query: string) => find(all, query).map(found => found.name)

test('the best fit is found first', () => {
  const all = [agents('Bưu cục Đông Anh', 'Mê Đông', 'Đông Anh', 'Sađông', 'Anh Đông')]
  // The whole name, then from its start, then from a word's start, then words in another order, then beginnings, then inside.
  expect(names(all, 'dong anh')).toEqual(['Đông Anh', 'Bưu cục Đông Anh', 'Anh Đông'])
  expect(names([agents('Đồng Ánh Dương', 'Anh Đông')], 'anh don')).toEqual(['Đồng Ánh Dương', 'Anh Đông'].sort((a, b) => (a < b ? -1 : 1)))
  expect(names([agents('Xóm Đôngx Anhx', 'Anh của Đông')], 'dong anh')).toEqual(['Anh của Đông', 'Xóm Đôngx Anhx'])
  expect(names(all, 'DONG')).toEqual(['Đông Anh', 'Bưu cục Đông Anh', 'Mê Đông', 'Anh Đông', 'Sađông'])
  expect(names(all, 'đông')).toEqual(names(all, 'dong'))
  expect(names(all, 'ma-2')).toEqual(['Đông Anh'])
  expect(find(all, ' ')).toEqual([])
  expect(find(all, 'xyz')).toEqual([])
})

test('names keep their places, however odd they are', () => {
  // An empty name, one of blanks and one with a line break must not shift those after them.
  const all = [agents('', '  ', 'a\nb', '</script>', '\u202eRTL', 'Huế')]
  expect(find(all, 'hue')).toEqual([{ group: 'agent', name: 'Huế', selection: { kind: 'agent', index: 5 } }])
  expect(names(all, '</scr')).toEqual(['</script>'])
  expect(names(all, 'a b')).toEqual(['a\nb'])
})

test('a group gives the most important ones only', () => {
  const all = [agents(...Array.from({ length: 50 }, (_, i) => `Phố ${i}`))]
  expect(find(all, 'pho', 3).map(found => found.name)).toEqual(['Phố 0', 'Phố 1', 'Phố 2'])
})

test('coordinates in the ways people write them', () => {
  const hanoi = { lat: 21.03, lon: 105.85 }
  for (const text of ['21.03, 105.85', '21.03 105.85', ' 21.03,105.85 ', '21.03;105.85', '105.85, 21.03', '21,03; 105,85', '21,03 105,85', '21,03, 105,85']) {
    expect(coordinatesOf(text), text).toEqual(hanoi)
  }
  expect(coordinatesOf('-8.5, 115')).toEqual({ lat: -8.5, lon: 115 })
  for (const text of ['21.03', 'abc', '91, 95', '21.03, 200', '12 Phố Huế', '21.03, 105.85, 3']) expect(coordinatesOf(text), text).toBeNull()
})

test('everything of a run can be found, by group', async () => {
  const packer = new Packer()
  const run = await parseRun(packer.close(smallRun(packer)))
  const all = shelves(run)
  expect(find(all, 'mot')).toEqual([{ group: 'boundary0', name: 'Một', selection: { kind: 'boundary', layer: 0, index: 0 } }])
  // Of "Bưu cục A" too every word of the query begins some word, so it comes second.
  expect(find(all, 'buu cuc b')[0]).toEqual({ group: 'agent', name: 'Bưu cục B', selection: { kind: 'agent', index: 1 } })
  expect(find(all, 'ha noi')).toEqual([{ group: 'settlement', name: 'Hà Nội', selection: { kind: 'place', index: 0 } }])
  expect(find(all, 'hue')).toEqual([{ group: 'street', name: 'Phố Huế', selection: { kind: 'place', index: 1 } }])
  expect(find(all, '21.03, 105.85')[0]).toEqual({ group: 'coordinates', name: '', selection: { kind: 'point', lat: 21.03, lon: 105.85 } })
})

test('200,000 places are searched while one types', () => {
  const streets = ['Phố Huế', 'Đường Láng', 'Ngõ Thổ Quan', 'Phố Hàng Bông', 'Đại lộ Thăng Long']
  const many = Array.from({ length: 200_000 }, (_, i) => `${i} ${streets[i % streets.length]}`)
  const all = [shelf('address', many, null, index => ({ kind: 'place', index }))]
  const started = performance.now()
  expect(find(all, '199998 hang')).toHaveLength(1)
  // Some 15 ms on one core of 2024; a generous limit, because machines are shared.
  expect(performance.now() - started).toBeLessThan(500)
})
