/** Title, standard and language. */
import type { Store, View } from '../state'
import { LANGUAGES, text } from '../strings'
import { words, type Context, type Part } from './context'
import { button, el } from './dom'

/** Buttons for the languages, each in its own language. */
function languages(store: Store): Part {
  const buttons = LANGUAGES.map(lang =>
    button({ lang, 'data-lang': lang }, text(lang, 'language.name'), () => store.set({ lang }))
  )
  const root = el('div', { class: 'languages', role: 'group' }, ...buttons)
  return {
    root,
    update(view) {
      root.setAttribute('aria-label', text(view.lang, 'language.switch'))
      for (const made of buttons) made.setAttribute('aria-pressed', String(made.dataset['lang'] === view.lang))
    }
  }
}

export function header({ run, store }: Context): Part {
  const title = el('h1')
  const standard = el('p', { class: 'standard' })
  const choice = languages(store)
  return {
    root: el('header', { class: 'page-header' }, choice.root, title, standard),
    update(view: View) {
      const w = words(view)
      const { minutes, radius_m, rule } = run.standard
      title.textContent = w.pick(run.title)
      document.title = w.pick(run.title)
      document.documentElement.lang = view.lang
      standard.textContent = w.t(`standard.${rule}`, {
        minutes: w.format.decimal(minutes),
        radius: w.format.distance(radius_m)
      })
      choice.update(view)
    }
  }
}
