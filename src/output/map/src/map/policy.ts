/** Online tiles: their address, and the policy that lets a page reach nothing else. */

/** The origin of a tile template that may be used: https with `{z}`, `{x}` and `{y}`; null for anything else. */
export function tileOrigin(template: string | null | undefined): string | null {
  if (!template || !['{z}', '{x}', '{y}'].every(part => template.includes(part))) return null
  try {
    const { protocol, origin, username } = new URL(template)
    return protocol === 'https:' && username === '' ? origin : null
  } catch {
    return null
  }
}

/**
 * Narrows what this page may fetch to the origins of its tiles, none of them where it has none. The page comes with a
 * policy that allows https addresses, because it is built before anybody knows them; policies only ever add up to less.
 */
export function allowOnly(origins: readonly string[]): void {
  const meta = document.createElement('meta')
  meta.httpEquiv = 'Content-Security-Policy'
  const list = [...new Set(origins)].map(origin => ` ${origin}`).join('')
  meta.content = `connect-src blob:${list}; img-src data: blob:${list}`
  document.head.append(meta)
}
