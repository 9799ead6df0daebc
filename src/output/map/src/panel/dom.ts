/** Makes elements. Texts go in as text nodes only: nothing from the data is ever read as HTML. */

export type Child = Node | string | null | undefined | false

type Attributes = Record<string, string | boolean | undefined>

const isShown = (child: Child): child is Node | string => typeof child === 'string' || child instanceof Node

/** An element with attributes and children. `true` sets an attribute without value, `false` leaves it out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    made.setAttribute(name, value === true ? '' : value)
  }
  made.append(...children.filter(isShown))
  return made
}

/** Puts other children into an element. */
export function fill(root: Element, ...children: Child[]): void {
  root.replaceChildren(...children.filter(isShown))
}

/** A text from the data, set apart so that marks of writing direction in it do not turn the text around it. */
export const data = (value: string): HTMLElement => el('bdi', {}, value)

/** A button that does something. */
export function button(attributes: Attributes, label: Child, onClick: () => void): HTMLButtonElement {
  const made = el('button', { type: 'button', ...attributes }, label)
  made.addEventListener('click', onClick)
  return made
}

/** Drawings for buttons, on a grid of 20 by 20, drawn as lines. */
const GLYPHS = {
  play: 'M6 3.5v13l10-6.5z',
  pause: 'M6 4v12M14 4v12',
  previous: 'M12.5 4.5 7 10l5.5 5.5',
  next: 'M7.5 4.5 13 10l-5.5 5.5',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  whole: 'M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4',
  close: 'M5 5l10 10M15 5 5 15',
  link: 'M8.5 11.5a3.2 3.2 0 0 0 4.6.2l2.5-2.5a3.2 3.2 0 0 0-4.6-4.6L9.8 5.8M11.5 8.5a3.2 3.2 0 0 0-4.6-.2l-2.5 2.5A3.2 3.2 0 0 0 9 15.4l1.2-1.2',
  print: 'M6 8V3.5h8V8M6 14H3.5V8h13v6H14M6 11.5h8v5H6z',
  search: 'M9 3.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 9 3.8M12.8 12.8l4 4'
} as const
export type Glyph = keyof typeof GLYPHS

/** A drawing that says nothing to a screen reader. */
export function glyph(name: Glyph): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  svg.setAttribute('viewBox', '0 0 20 20')
  svg.setAttribute('class', `glyph glyph-${name}`)
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(space, 'path')
  path.setAttribute('d', GLYPHS[name])
  svg.append(path)
  return svg
}

/** Gives a button made of a drawing its name. */
export function nameIt(made: HTMLElement, label: string): void {
  made.setAttribute('aria-label', label)
  made.title = label
}

/** A disclosure whose summary and content are set again when the language or the phase changes. */
export function disclosure(className: string): { root: HTMLDetailsElement; set: (title: string, ...children: Child[]) => void } {
  const title = el('h2')
  const body = el('div', { class: 'disclosure-body' })
  return {
    root: el('details', { class: className }, el('summary', {}, title), body),
    set(text, ...children) {
      title.textContent = text
      fill(body, ...children)
    }
  }
}

/** Rows of terms and values; those without a value are left out. */
export function definitions(rows: [string, Child][]): HTMLDListElement {
  const list = el('dl', { class: 'facts' })
  for (const [term, value] of rows) {
    if (isShown(value) && value !== '') list.append(el('div', {}, el('dt', {}, term), el('dd', {}, value)))
  }
  return list
}

/** A table. The first column names the rows; `now` marks one of them. */
export function table(
  caption: string, heads: Child[], rows: { head: Child; values: Child[]; now?: boolean }[], className = ''
): HTMLElement {
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, el(
    'table', { class: className },
    el('caption', { class: 'visually-hidden' }, caption),
    el('thead', {}, el('tr', {}, ...heads.map(head => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, ...rows.map(({ head, values, now }) => el(
      'tr', now ? { class: 'now', 'aria-current': 'true' } : {},
      el('th', { scope: 'row' }, head), ...values.map(value => el('td', {}, value))
    )))
  ))
}
