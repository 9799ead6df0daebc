import { expect, test } from 'vitest'
import { Format } from '../src/format'
import { layerGroups, layerIds, type MapState } from '../src/layers'
import { INDICATORS } from '../src/map/indicators'
import { layerName, legendOf } from '../src/map/legend'
import { tileOrigin } from '../src/map/policy'
import type { Words } from '../src/panel/context'
import { COLOURINGS } from '../src/palette'
import { parseRun, type Run } from '../src/run'
import { LANGUAGES, pick, text, type Language } from '../src/strings'
import { Packer, smallRun } from './container'

async function run(change: (json: ReturnType<typeof smallRun>) => void = () => undefined): Promise<Run> {
  const packer = new Packer()
  const json = smallRun(packer)
  change(json)
  return parseRun(packer.close(json))
}

const words = (lang: Language) =>
  ({ t: (key, values) => text(lang, key, values), pick: both => pick(lang, both), format: new Format(lang) }) as Words

const view = (change: Partial<MapState> = {}): MapState =>
  ({ lang: 'en', phase: 0, colouring: 'time', layers: [], position: null, ...change })

test('every layer of every language has a name and a sentence, and no value is left out', async () => {
  const small = await run()
  for (const lang of LANGUAGES) {
    for (const id of layerIds(small)) {
      for (const colouring of COLOURINGS) {
        for (const indicator of INDICATORS) {
          const legend = legendOf(small, id, view({ lang, colouring, indicator }), words(lang))
          const all = [layerName(small, id, words(lang)), legend.sentence, ...legend.items.map(item => item.label), ...legend.notes]
          for (const said of all) {
            expect(said.trim(), id).not.toBe('')
            expect(said, id).not.toMatch(/\{\w+\}|undefined|NaN|null/)
          }
          // What is drawn names its source.
          if (!legend.empty) expect(legend.source, id).toBeTruthy()
        }
      }
    }
  }
})

test('classes of time are in minutes, with what is not reached last', async () => {
  const { items, unit } = legendOf(await run(), 'cells', view(), words('en'))
  // A standard of 30 minutes: 10, 20, 30 and 45.
  expect(items.map(item => item.label)).toEqual([
    'up to 10', 'over 10 to 20', 'over 20 to 30', 'over 30 to 45', 'over 45', 'unreached or no data'
  ])
  expect(unit).toBe('minutes')
})

test('classes of a change say what falls and what rises', async () => {
  const { items, notes } = legendOf(await run(), 'indicators', view({ indicator: 'change_before' }), words('en'))
  // Number and unit are kept together by a space that does not break.
  expect(items.map(item => item.label.replaceAll('\u00a0', ' '))).toEqual([
    'fell by 5 pp or more', 'fell by less than 5 pp', 'about the same (±0.5 pp)', 'rose by up to 5 pp',
    'rose by over 5 pp to 20 pp', 'rose by over 20 pp', 'no data'
  ])
  expect(notes[0]).toBe('The first phase has none before it to compare with.')
})

test('a layer without data says so', async () => {
  const small = await run()
  for (const id of ['offices', 'candidates', 'uncovered', 'isochrones', 'rail', 'water', 'parks', 'load']) {
    const legend = legendOf(small, id, view(), words('en'))
    expect([legend.empty, legend.items.length], id).toEqual([true, 0])
  }
  expect(legendOf(small, 'load', view(), words('en')).sentence).toContain('no capacity')
})

test('sources are named with their dates', async () => {
  const small = await run(json => {
    json.sources.push({ of: 'population', name: { vi: 'Lưới', en: 'Grid' }, date: '2024', licence: null, url: null })
  })
  expect(legendOf(small, 'cells', view({ colouring: 'people' }), words('en')).source).toBe('Source: Grid (2024).')
  expect(legendOf(small, 'cells', view({ lang: 'vi' }), words('vi')).source).toBe('Nguồn: gandan tính từ Lưới (2024).')
  expect(legendOf(await run(), 'cells', view({ colouring: 'people' }), words('en')).source).toBe('Source: the data of the run, see the credits.')
})

test('online tiles are offered only with an address that can be used', async () => {
  const good = 'https://tiles.example.org/{z}/{x}/{y}.png'
  expect(tileOrigin(good)).toBe('https://tiles.example.org')
  for (const bad of [null, '', 'http://a.org/{z}/{x}/{y}', 'https://a.org/{z}/{x}', 'javascript:{z}{x}{y}', '//a/{z}/{x}/{y}', 'https://u:p@a.org/{z}/{x}/{y}']) {
    expect(tileOrigin(bad), String(bad)).toBeNull()
  }
  const offered = await run(json => { json.tiles = good })
  expect(layerIds(offered)).toContain('tiles')
  expect(legendOf(offered, 'tiles', view(), words('en')).sentence).toContain('tiles.example.org')
  const refused = await run(json => { json.tiles = 'http://a.org/{z}/{x}/{y}' })
  expect(refused.tiles).toBeNull()
  expect(layerIds(refused)).not.toContain('tiles')
  expect(layerGroups(offered).flatMap(({ ids }) => ids)).toEqual(layerIds(offered))
})
