/** Numbers, times and dates as the language writes them. */
import { text, type Language } from './strings'

const LOCALES: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' }

/** Formats for one language. `null` and non-finite values become a dash. */
export class Format {
  readonly #lang: Language
  readonly #locale: string
  readonly #formats = new Map<string, Intl.NumberFormat>()

  constructor(lang: Language) {
    this.#lang = lang
    this.#locale = LOCALES[lang]
  }

  #number(value: number | null | undefined, options: Intl.NumberFormatOptions): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–'
    // Making a format takes far longer than using it.
    const key = JSON.stringify(options)
    let made = this.#formats.get(key)
    if (!made) this.#formats.set(key, (made = new Intl.NumberFormat(this.#locale, options)))
    // No "-0"; and a minus sign as wide as the plus.
    return made.format(value === 0 ? 0 : value).replace('-', '\u2212')
  }

  /** A count, without decimals. */
  count(value: number | null | undefined): string {
    return this.#number(value, { maximumFractionDigits: 0 })
  }

  /** A number with at most `digits` decimals. */
  decimal(value: number | null | undefined, digits = 1): string {
    return this.#number(value, { maximumFractionDigits: digits })
  }

  /** A share from 0 to 1 as a percentage. Less than the whole never reads 100 %, and more than nothing never 0 %. */
  share(value: number | null | undefined, digits = 1): string {
    const format = (v: number) => this.#number(v, { style: 'percent', maximumFractionDigits: digits })
    if (value === null || value === undefined || !Number.isFinite(value)) return '–'
    const step = 10 ** -(digits + 2)
    if (value < 1 && value > 1 - step / 2) return `< ${format(1)}`
    if (value > 0 && value < step / 2) return `> ${format(0)}`
    return format(value)
  }

  /** A signed change of a number with at most `digits` decimals. */
  change(value: number, digits = 0): string {
    return this.#number(value, { maximumFractionDigits: digits, signDisplay: 'exceptZero' })
  }

  /** A signed change of a share, in percentage points. */
  points(value: number): string {
    const number = this.#number(value * 100, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
    return text(this.#lang, 'unit.points', { number })
  }

  /** Seconds as minutes. */
  minutes(seconds: number | null | undefined, digits = 1): string {
    if (seconds === null || seconds === undefined) return '–'
    return text(this.#lang, 'unit.minutes', { number: this.decimal(seconds / 60, digits) })
  }

  /** A signed change of seconds, as minutes. */
  minutesChange(seconds: number): string {
    const number = this.#number(seconds / 60, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
    return text(this.#lang, 'unit.minutes', { number })
  }

  /** Latitude and longitude, as they are typed into other maps. */
  place(lon: number, lat: number): string {
    return `${lat.toFixed(5)}, ${lon.toFixed(5)}`
  }

  /** Metres as kilometres, or as metres below one kilometre. */
  distance(metres: number | null | undefined): string {
    if (metres === null || metres === undefined) return '–'
    return metres < 1000 ? `${this.count(metres)}\u00a0m` : `${this.decimal(metres / 1000)}\u00a0km`
  }

  /** An ISO date, read without a time zone. */
  date(iso: string): string {
    const date = new Date(`${iso}T00:00:00Z`)
    if (Number.isNaN(date.getTime())) return iso
    const options: Intl.DateTimeFormatOptions =
      this.#lang === 'vi'
        ? { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' }
        : { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }
    return new Intl.DateTimeFormat(this.#locale, options).format(date)
  }

  /** The month of an ISO date. */
  monthOf(iso: string): string {
    const date = new Date(`${iso}T00:00:00Z`)
    if (Number.isNaN(date.getTime())) return iso
    // "02/2025": the words of the locale are long and do not fit under a slider.
    if (this.#lang === 'vi') return `${iso.slice(5, 7)}/${iso.slice(0, 4)}`
    return new Intl.DateTimeFormat(this.#locale, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(date)
  }

  /** The day this page is looked at or printed on. */
  today(now = new Date()): string {
    const two = (value: number) => String(value).padStart(2, '0')
    return this.date(`${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`)
  }

  /** From when to when a phase lasts. */
  dates(starts: string | null, ends: string | null): string {
    if (starts && ends) return `${this.date(starts)} – ${this.date(ends)}`
    if (starts) return text(this.#lang, 'phase.from', { date: this.date(starts) })
    if (ends) return text(this.#lang, 'phase.until', { date: this.date(ends) })
    return ''
  }
}
