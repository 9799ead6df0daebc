// Opens and closes the data inside a map page, for the browser tests: see `src/decode.ts`.
import { deflateRawSync, inflateRawSync } from 'node:zlib'

const PLACE = /(<script id="gandan-run"[^>]*>)([^<]*)(<\/script>)/

/** The JSON of the run in a page, and the blob behind it. */
export function openRun(html) {
  const found = PLACE.exec(html)
  if (!found) throw new Error('the page holds no run')
  const data = inflateRawSync(Buffer.from(found[2], 'base64'))
  const length = data.readUInt32LE(0)
  return { json: JSON.parse(data.subarray(4, 4 + length).toString('utf8')), blob: data.subarray(4 + length) }
}

/** The page with another run in it. */
export function withRun(html, { json, blob }) {
  const text = Buffer.from(JSON.stringify(json), 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return withText(html, deflateRawSync(Buffer.concat([length, text, blob])).toString('base64'))
}

/** The page with some text where the run stands. */
export const withText = (html, text) => html.replace(PLACE, (_, open, __, close) => open + text + close)
