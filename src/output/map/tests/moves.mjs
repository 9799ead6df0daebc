// What the viewer moves is told, and nothing else: the address follows, and two compared maps stay in step.
//
//   node tests/moves.mjs COMPARE.html
//
// The browser is $CHROMIUM, or /usr/bin/chromium.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [page_file] = process.argv.slice(2)
if (!page_file) {
  console.error('usage: node moves.mjs COMPARE.html')
  process.exit(2)
}
let failed = 0
function check(what, holds, found = '') {
  if (!holds) failed++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}${holds || found === '' ? '' : `: ${found}`}`)
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
})
try {
  const page = await (await browser.newContext({ viewport: { width: 1400, height: 800 } })).newPage()
  await page.goto(pathToFileURL(resolve(page_file)).href)
  await page.waitForFunction(() => performance.getEntriesByName('gandan-map-complete').length > 1, null, { timeout: 60_000 })
  const place = () => new URL(page.url()).hash.match(/at=([\d.]+)\/([-\d.]+)\/([-\d.]+)/)?.slice(1).map(Number) ?? null
  /** The scale bars of both maps: the same text and width only at the same zoom and latitude. */
  const scales = () => page.locator('.maplibregl-ctrl-scale').evaluateAll(bars => bars.map(bar => `${bar.textContent} ${bar.style.width}`))
  const rest = () => page.waitForTimeout(2500)

  await page.setViewportSize({ width: 1300, height: 760 })
  await rest()
  check('the first fit and another size of the window are no moves', place() === null, page.url())

  const maps = page.locator('.map canvas')
  for (const which of [0, 1]) {
    const { x, y, width, height } = await maps.nth(which).boundingBox()
    await page.mouse.move(x + width / 2, y + height / 2)
    await page.mouse.down()
    await page.mouse.move(x + width / 2 - 60, y + height / 2 - 30, { steps: 4 })
    await page.mouse.up()
    await rest()
    const dragged = place()
    check(`map ${which + 1}: dragging is told`, dragged !== null)
    await page.mouse.wheel(0, -500)
    await rest()
    const zoomed = place()
    check(`map ${which + 1}: the wheel is told to its end`, zoomed?.[0] > dragged?.[0], `${dragged} ${zoomed}`)
    const [a, b] = await scales()
    check(`map ${which + 1}: the other map is in step`, a !== undefined && a === b, `${a} and ${b}`)
  }
} finally {
  await browser.close()
}
process.exitCode = failed > 0 ? 1 : 0
