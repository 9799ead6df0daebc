/** The timeline: a slider of the phases with their dates, and buttons to step through and to play them. */
import type { View } from '../state'
import { phaseTitle, words, type Context, type Part } from './context'
import { button, el, fill, glyph, nameIt } from './dom'

const STEP_MS = 2000

export function timeline({ run, store, side, other }: Context): Part & { stop: () => void } {
  const last = run.phases.length - 1
  const id = `phase-slider-${side}`
  let timer: number | undefined
  const counter = el('label', { class: 'phase-counter', for: id })
  const name = el('span', { class: 'phase-name' })
  const dates = el('span', { class: 'phase-dates' })
  const slider = el('input', { type: 'range', id, class: 'phase-slider', min: '0', max: String(Math.max(last, 0)), step: '1' })
  const ticks = run.phases.map((_, i) => {
    const made = el('span', { class: 'tick' })
    made.style.setProperty('--at', String(last > 0 ? i / last : 0))
    return made
  })
  const status = el('p', { class: 'visually-hidden', role: 'status' })
  let said = -1

  const stop = () => {
    if (timer === undefined) return
    window.clearInterval(timer)
    timer = undefined
    update(store.view)
  }
  const go = (phase: number) => store.set({ phase: Math.min(Math.max(phase, 0), last) })
  const byHand = (phase: number) => {
    stop()
    go(phase)
  }
  const toggle = () => {
    if (timer !== undefined) return stop()
    if (store.view.phase >= last) go(0)
    timer = window.setInterval(() => {
      if (store.view.phase < last) go(store.view.phase + 1)
      if (store.view.phase >= last) stop()
    }, STEP_MS)
    update(store.view)
  }
  const play = button({ class: 'play' }, '', toggle)
  const previous = button({ class: 'step previous' }, glyph('previous'), () => byHand(store.view.phase - 1))
  const next = button({ class: 'step next' }, glyph('next'), () => byHand(store.view.phase + 1))
  slider.addEventListener('input', () => byHand(Number(slider.value)))
  slider.addEventListener('keydown', event => {
    if (event.key !== ' ') return
    event.preventDefault()
    toggle()
  })
  ticks.forEach((tick, i) => tick.addEventListener('click', () => byHand(i)))

  function update(view: View): void {
    const w = words(view)
    const { t, format } = w
    const phase = run.phases[view.phase]
    if (!phase) {
      name.textContent = t('phase.none')
      return
    }
    counter.textContent = t('phase.of', { number: String(view.phase + 1), total: String(run.phases.length) })
    fill(name, el('bdi', {}, w.pick(phase.name)))
    dates.textContent = format.dates(phase.starts, phase.ends)
    slider.value = String(view.phase)
    slider.style.setProperty('--done', String(last > 0 ? view.phase / last : 0))
    const label = t('phase.slider')
    slider.setAttribute('aria-label', other ? `${side.toUpperCase()}: ${label}` : label)
    const spoken = [phaseTitle(run, view.phase, w), dates.textContent].filter(Boolean).join(', ')
    slider.setAttribute('aria-valuetext', spoken)
    const of = (label: string) => (other ? `${side.toUpperCase()}: ${label}` : label)
    nameIt(previous, of(t('phase.previous')))
    nameIt(next, of(t('phase.next')))
    previous.disabled = view.phase <= 0
    next.disabled = view.phase >= last
    const playing = timer !== undefined
    fill(play, glyph(playing ? 'pause' : 'play'))
    nameIt(play, of(t(playing ? 'phase.pause' : 'phase.play')))
    ticks.forEach((tick, i) => {
      tick.className = `tick${i === view.phase ? ' now' : ''}${i < view.phase ? ' past' : ''}`
      const at = run.phases[i]
      fill(tick, el('b', {}, String(i + 1)), el('span', {}, at?.starts ? format.monthOf(at.starts) : ''))
    })
    if (said !== view.phase && said !== -1) {
      const result = t('phase.spoken', { phase: spoken, share: format.share(phase.covered_share), agents: format.count(phase.agents) })
      status.textContent = of(result)
    }
    said = view.phase
  }

  const track = el('div', { class: 'track' }, slider, el('div', { class: 'ticks', 'aria-hidden': 'true' }, ...ticks))
  const now = el('div', { class: 'phase-now' }, counter, name, dates)
  const controls = last >= 1 ? [el('div', { class: 'phase-buttons' }, previous, play, next), track] : []
  const root = el('section', { class: 'timeline' }, now, ...controls, status)
  return {
    root,
    stop,
    update(view) {
      const { t } = words(view)
      root.setAttribute('aria-label', other ? `${side.toUpperCase()}: ${t('phase.title')}` : t('phase.title'))
      update(view)
    }
  }
}
