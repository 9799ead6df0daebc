/** The words of the page, in Vietnamese and English. */
import en from './strings/en.json'
import vi from './strings/vi.json'
import type { Bilingual } from './types'

export type Language = 'vi' | 'en'
export const LANGUAGES: Language[] = ['vi', 'en']

export type Key = keyof typeof vi

const TEXTS: Record<Language, Record<Key, string>> = { vi, en }

/** The text of a key with its `{names}` filled in. */
export function text(lang: Language, key: Key, values: Record<string, string> = {}): string {
  return TEXTS[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

/** The text of the data in this language, or in the other where it is empty. */
export function pick(lang: Language, both: Bilingual): string {
  return both[lang] || both[lang === 'vi' ? 'en' : 'vi']
}

/** Letters without marks and case, `đ` as `d`: what a search compares. */
export function fold(value: string): string {
  return value.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim()
}
