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
  expect(new Format('en').distance(6249)).toBe('6.2 km')
})

test('nearly all is not all, nearly nothing not nothing', () => {
  const format = new Format('en')
  expect(format.share(1)).toBe('100%')
  expect(format.share(0.99999)).toBe('< 100%')
  expect(format.share(0.00001)).toBe('> 0%')
  expect(format.share(0)).toBe('0%')
})
