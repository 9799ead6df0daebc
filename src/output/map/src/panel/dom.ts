/** Makes elements. Texts go in as text nodes only: nothing from the data is ever read as HTML. */

export type Child = Node | string | null | undefined | false

type Attributes = Record<string, string | boolean | undefined>

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
  made.append(...children.filter((child): child is Node | string => typeof child === 'string' || child instanceof Node))
  return made
}

/** A button that does something. */
export function button(attributes: Attributes, label: Child, onClick: () => void): HTMLButtonElement {
  const made = el('button', { type: 'button', ...attributes }, label)
  made.addEventListener('click', onClick)
  return made
}

/** A disclosure whose summary and content are set again when the language or the phase changes. */
export function disclosure(className: string): { root: HTMLDetailsElement; set: (title: string, ...children: Child[]) => void } {
  const summary = el('summary')
  const body = el('div', { class: 'disclosure-body' })
  return {
    root: el('details', { class: className }, summary, body),
    set(title, ...children) {
      summary.textContent = title
      body.replaceChildren(...children.filter((child): child is Node | string => typeof child === 'string' || child instanceof Node))
    }
  }
}

/** Rows of terms and values. */
export function definitions(rows: [string, Child][]): HTMLDListElement {
  const list = el('dl', { class: 'facts' })
  for (const [term, value] of rows) list.append(el('div', {}, el('dt', {}, term), el('dd', {}, value)))
  return list
}
