/** Title, standard, language, and the ways to hand the page on. */
import { LANGUAGES, text } from '../strings'
import { standardOf, words, type Context, type Part } from './context'
import { button, data, el, glyph } from './dom'

/** Buttons for the languages, each in its own language. */
function languages({ store }: Context): Part {
  const buttons = LANGUAGES.map(lang =>
    button({ lang, 'data-lang': lang }, text(lang, 'language.name'), () => store.set({ lang }))
  )
  const root = el('div', { class: 'segments languages', role: 'group' }, ...buttons)
  return {
    root,
    update(view) {
      root.setAttribute('aria-label', text(view.lang, 'language.switch'))
      for (const made of buttons) made.setAttribute('aria-pressed', String(made.dataset['lang'] === view.lang))
    }
  }
}

/** Puts the address of the view into the clipboard, and says whether that worked. */
function copyLink({ store }: Context): Part {
  const label = el('span')
  const status = el('span', { class: 'visually-hidden', role: 'status' })
  let timer: number | undefined
  const say = (key: 'link.copied' | 'link.failed') => {
    const { t } = words(store.view)
    label.textContent = status.textContent = t(key)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      label.textContent = words(store.view).t('link.copy')
      status.textContent = ''
    }, 2500)
  }
  const made = button({ class: 'tool', 'data-tool': 'link' }, glyph('link'), () => {
    // Pages from disk may not write to the clipboard in every browser; the old way still works there.
    const address = location.href
    const byHand = () => {
      const field = el('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' })
      field.value = address
      document.body.append(field)
      field.select()
      const done = document.execCommand('copy')
      field.remove()
      made.focus()
      say(done ? 'link.copied' : 'link.failed')
    }
    if (navigator.clipboard) navigator.clipboard.writeText(address).then(() => say('link.copied'), byHand)
    else byHand()
  })
  made.append(label)
  return {
    root: el('span', { class: 'tool-slot' }, made, status),
    update(view) {
      label.textContent = words(view).t('link.copy')
    }
  }
}

function printPage(): Part {
  const label = el('span')
  const made = button({ class: 'tool', 'data-tool': 'print' }, glyph('print'), () => window.print())
  made.append(label)
  return {
    root: made,
    update(view) {
      const { t } = words(view)
      label.textContent = t('print.button')
      made.title = t('print.hint')
    }
  }
}

export function header(context: Context): Part {
  const { run, other } = context
  const title = el('h1')
  const kind = el('p', { class: 'eyebrow' })
  const standard = el('p', { class: 'standard' })
  const tools = [languages(context), copyLink(context), printPage()]
  return {
    root: el('header', { class: 'page-header' }, el('div', { class: 'tools' }, ...tools.map(tool => tool.root)), kind, title, standard),
    update(view) {
      const w = words(view)
      kind.textContent = w.t(other ? 'page.compare' : 'page.kind')
      const names = [run, ...(other ? [other.run] : [])].map(one => w.pick(one.title))
      title.replaceChildren(...(other
        ? names.flatMap((name, i) => [el('span', { class: 'versus' }, el('span', { class: `badge ${i === 0 ? 'a' : 'b'}` }, i === 0 ? 'A' : 'B'), ' ', data(name)), ' '])
        : [data(names[0] ?? '')]))
      document.title = other ? w.t('page.compare_title', { a: names[0] ?? '', b: names[1] ?? '' }) : (names[0] ?? '')
      document.documentElement.lang = view.lang
      const standards = [run, ...(other ? [other.run] : [])].map(one => standardOf(one, w))
      standard.textContent = [...new Set(standards)].length > 1
        ? standards.map((text, i) => `${i === 0 ? 'A' : 'B'}: ${text}`).join(' · ')
        : (standards[0] ?? '')
      for (const tool of tools) tool.update(view)
    }
  }
}
