/** The phase slider with its name, dates and play button. */
import { words, type Context, type Part } from './context'
import { button, el } from './dom'

const STEP_MS = 1800

export function phases({ run, store }: Context): Part {
  const last = run.phases.length - 1
  let timer: number | undefined
  const name = el('output', { class: 'phase-name', for: 'phase-slider' })
  const dates = el('span', { class: 'phase-dates' })
  const counter = el('label', { class: 'phase-counter', for: 'phase-slider' })
  const slider = el('input', { type: 'range', id: 'phase-slider', min: '0', max: String(Math.max(last, 0)), step: '1' })
  const ticks = el('div', { class: 'ticks', 'aria-hidden': 'true' }, ...run.phases.map((_, i) => el('span', {}, String(i + 1))))

  const stop = () => {
    window.clearInterval(timer)
    timer = undefined
    update(store.view)
  }
  const go = (phase: number) => store.set({ phase: Math.min(Math.max(phase, 0), last) })
  const step = () => {
    if (store.view.phase >= last) stop()
    else go(store.view.phase + 1)
    if (store.view.phase >= last) stop()
  }
  const previous = button({ class: 'round' }, '◀', () => { stop(); go(store.view.phase - 1) })
  const next = button({ class: 'round' }, '▶', () => { stop(); go(store.view.phase + 1) })
  const play = button({ class: 'play' }, '', () => {
    if (timer !== undefined) return stop()
    if (store.view.phase >= last) go(0)
    timer = window.setInterval(step, STEP_MS)
    update(store.view)
  })
  slider.addEventListener('input', () => {
    if (timer !== undefined) stop()
    go(Number(slider.value))
  })

  function update(view: typeof store.view): void {
    const w = words(view)
    const phase = run.phases[view.phase]
    if (!phase) {
      name.textContent = w.t('phase.none')
      return
    }
    counter.textContent = w.t('phase.of', { number: String(view.phase + 1), total: String(run.phases.length) })
    name.textContent = w.pick(phase.name)
    dates.textContent = w.format.dates(phase.starts, phase.ends)
    slider.value = String(view.phase)
    slider.setAttribute('aria-label', w.t('phase.slider'))
    slider.setAttribute('aria-valuetext', `${view.phase + 1}: ${w.pick(phase.name)}, ${dates.textContent}`)
    previous.setAttribute('aria-label', w.t('phase.previous'))
    next.setAttribute('aria-label', w.t('phase.next'))
    previous.disabled = view.phase <= 0
    next.disabled = view.phase >= last
    const playing = timer !== undefined
    play.textContent = playing ? '❚❚' : '▶▶'
    play.setAttribute('aria-label', w.t(playing ? 'phase.pause' : 'phase.play'))
    play.setAttribute('title', w.t(playing ? 'phase.pause' : 'phase.play'))
    ticks.querySelectorAll('span').forEach((tick, i) => tick.classList.toggle('now', i === view.phase))
  }

  const controls = el('div', { class: 'phase-controls' }, previous, el('div', { class: 'slider' }, slider, ticks), next, play)
  const root = el('section', { class: 'phases' }, counter, name, dates, last >= 1 ? controls : null)
  return { root, update }
}
