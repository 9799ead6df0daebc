/** Which of two compared maps are shown, and whether their phases go together. */
import { SHOWN } from '../state'
import { words, type Context, type Part } from './context'
import { button, el } from './dom'

export function compareBar({ store }: Context): Part {
  const buttons = SHOWN.map(shown => button({ 'data-shown': shown }, shown.toUpperCase(), () => store.set({ shown })))
  const group = el('div', { class: 'segments', role: 'group' }, ...buttons)
  const caption = el('span', { class: 'caption', 'aria-hidden': 'true' })
  const input = el('input', { type: 'checkbox', id: 'in-step' })
  const label = el('label', { for: 'in-step' })
  input.addEventListener('change', () => store.set({ inStep: input.checked }))
  return {
    root: el('div', { class: 'compare-bar' }, caption, group, el('span', { class: 'check' }, input, label)),
    update(view) {
      const { t } = words(view)
      caption.textContent = t('compare.show')
      group.setAttribute('aria-label', t('compare.show'))
      for (const made of buttons) {
        const shown = made.dataset['shown']
        made.setAttribute('aria-pressed', String(shown === view.shown))
        if (shown === 'both') made.textContent = t('compare.show.both')
      }
      input.checked = view.inStep
      label.textContent = t('compare.in_step')
    }
  }
}
