import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Format } from '../src/format'
import { fold, text } from '../src/strings'
import en from '../src/strings/en.json'
import vi from '../src/strings/vi.json'

test('both languages have the same keys', () => {
  expect(Object.keys(en)).toEqual(Object.keys(vi))
})

test('both languages fill in the same values', () => {
  const names = (value: string) => [...value.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort()
  const other: Record<string, string> = en
  for (const [key, value] of Object.entries(vi)) expect([key, names(other[key] ?? '')]).toEqual([key, names(value)])
})

test('no text is empty', () => {
  for (const texts of [vi, en]) {
    for (const [key, value] of Object.entries(texts)) expect(value.trim(), key).not.toBe('')
  }
})

test('Vietnamese is written in composed letters', () => {
  for (const value of Object.values(vi)) expect(value).toBe(value.normalize('NFC'))
})

/** All of the page's code as one text. */
const code = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => readFileSync(`src/${name}`, 'utf8'))
  .join('\n')

test('every text is used', () => {
  // Keys that are put together in the code stand there as "`prefix.${…}`".
  const prefixes = [...code.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map(match => match[1] ?? '')
  const unused = Object.keys(vi).filter(key => !code.includes(`'${key}'`) && !prefixes.some(prefix => key.startsWith(prefix)))
  expect(unused).toEqual([])
})

test('every value that a text asks for is given somewhere', () => {
  // Placeholders that no code names would be shown as they are.
  const wanted = new Set(Object.values(vi).flatMap(value => [...value.matchAll(/\{(\w+)\}/g)].map(match => match[1] ?? '')))
  for (const name of wanted) expect(new RegExp(`\\b${name}\\b\\s*[:,}]`).test(code), name).toBe(true)
})

test('values are filled in as they are', () => {
  expect(text('en', 'phase.of', { number: '$&', total: '<b>' })).toBe('Phase $& of <b>')
})

test('a search knows no marks', () => {
  expect(fold('Đông Anh')).toBe('dong anh')
  // The same letters written with combining marks.
  expect(fold('Thu\u031bo\u031b\u0323ng Phu\u0301c')).toBe('thuong phuc')
  expect(fold('  PHƯỜNG Ô CHỢ DỪA ')).toBe('phuong o cho dua')
})

test('numbers are written as the language writes them', () => {
  expect(new Format('vi').count(8807523)).toBe('8.807.523')
  expect(new Format('en').count(8807523)).toBe('8,807,523')
  expect(new Format('vi').share(0.925)).toBe('92,5%')
  expect(new Format('en').minutes(612)).toBe('10.2\u00a0min')
  expect(new Format('vi').minutes(null)).toBe('–')
  expect(new Format('vi').date('2025-02-01')).toBe('01/02/2025')
  expect(new Format('en').distance(6249)).toBe('6.2\u00a0km')
  expect(new Format('vi').monthOf('2025-02-01')).toBe('02/2025')
  expect(new Format('en').monthOf('2025-02-01')).toBe('Feb 2025')
  expect(new Format('vi').place(105.85, 21.03)).toBe('21.03000, 105.85000')
  expect(new Format('vi').today(new Date(2025, 1, 3))).toBe('03/02/2025')
})

test('changes carry a sign of their own width', () => {
  // The minus sign, not the hyphen.
  expect(new Format('en').change(-1234)).toBe('\u22121,234')
  expect(new Format('vi').change(2.5, 1)).toBe('+2,5')
  expect(new Format('en').points(-0.0123)).toBe('\u22121.2\u00a0pp')
  expect(new Format('vi').minutesChange(-90)).toBe('\u22121,5\u00a0phút')
  expect(new Format('en').change(0)).toBe('0')
})

test('nearly all is not all, nearly nothing not nothing', () => {
  const format = new Format('en')
  expect(format.share(1)).toBe('100%')
  expect(format.share(0.99999)).toBe('< 100%')
  expect(format.share(0.00001)).toBe('> 0%')
  expect(format.share(0)).toBe('0%')
})
