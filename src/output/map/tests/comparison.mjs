// Two runs side by side, as a viewer would use them: a part of browser.mjs, which gives it its tools.
import { join } from 'node:path'

/** Two runs side by side. */
export async function comparison(compare_file, { open, settled, check, audit, shot, small, until, texts, plain, bare, used, out_dir }) {
  for (const lang of ['vi', 'en']) {
    const t = (key, values = {}) => texts[lang][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
    const say = what => `${lang}: comparison: ${what}`
    used.clear()
    const page = await open(compare_file, { hash: `#lang=${lang}`, viewport: { width: 1500, height: 950 } })
    await settled(page)
    check(say('two maps'), (await page.locator('.map canvas').count()) === 2)
    check(say('both titles'), (await page.locator('h1 .versus').count()) === 2)
    const sliders = page.locator('.phase-slider')
    const phases = () => sliders.evaluateAll(all => all.map(slider => slider.value))
    const step = page.locator('#in-step')
    await step.setChecked(false)
    await sliders.nth(1).focus()
    await page.keyboard.press('End')
    const apart = await phases()
    check(say('each run has its own phase'), apart[0] === '0' && apart[1] !== '0', apart.join(' '))
    await step.check()
    check(say('phases in step are the same'), new Set(await phases()).size === 1, (await phases()).join(' '))
    await sliders.nth(0).focus()
    await page.keyboard.press('ArrowRight')
    check(say('and stay so'), (await phases()).join(' ') === '1 1', (await phases()).join(' '))
    await step.uncheck()
    for (const slider of [0, 1]) {
      await sliders.nth(slider).focus()
      await page.keyboard.press('End')
    }
    await settled(page)
    await audit(page, say('at the last phases'))
    check(say('targets are large enough'), (await small(page)).length === 0, (await small(page)).join(' | '))
    check(say('no text is left unfilled'), !/\{\w+\}|undefined|NaN|\[object/.test(await page.locator('body').innerText()))
    await shot(page, `compare-${lang}`)
    const places = () => page.locator('.map canvas').evaluateAll(all => all.map(canvas => canvas.toDataURL().length))
    const before = await places()
    await page.locator('.side-a .square').first().click()
    await settled(page)
    const after = await places()
    check(say('the maps move together'), before[0] !== after[0] && before[1] !== after[1])
    for (const which of ['a', 'b', 'both']) {
      await page.locator(`[data-shown=${which}]`).click()
      await settled(page)
      check(say(`maps shown: ${which}`), (await page.locator('.side:visible').count()) === (which === 'both' ? 2 : 1))
      check(say(`the address keeps it: ${which}`), await until(page, () => page.url().includes(`runs=${which}`)), page.url())
    }
    for (const side of ['a', 'b']) {
      for (const control of await page.locator(`.side-${side} button`).all()) {
        if (await control.isDisabled()) continue
        await control.click()
        await page.waitForTimeout(100)
        if ((await control.getAttribute('class')) === 'play') await control.click()
      }
      await page.locator(`.side-${side} .step.previous`).click({ timeout: 1000 }).catch(() => undefined)
      await page.locator(`.side-${side} .step.next`).click({ timeout: 1000 }).catch(() => undefined)
      await page.locator(`.side-${side} canvas`).focus()
      await page.keyboard.press('Enter')
      check(say(`a place shows both runs, from ${side}`), (await page.locator('.card-side').count()) === 2)
      const marked = await page.locator('.card-side tr.now th').allInnerTexts()
      const names = await page.locator('.phase-name').allInnerTexts()
      check(say(`and each in its own phase, from ${side}`), marked.length === 2 && marked.every((text, i) => plain(text).includes(plain(names[i]))), `${marked} / ${names}`)
      if (side === 'a') await page.keyboard.press('Escape')
      await page.waitForTimeout(300)
    }
    await audit(page, say('the card of a place'))
    await shot(page, `compare-place-${lang}`)
    await page.keyboard.press('Escape')
    for (const details of await page.locator('.panel details').all()) {
      if ((await details.isVisible()) && !(await details.evaluate(e => e.open))) await details.locator('summary').click()
    }
    for (const list of ['.agents-only-a', '.agents-only-b', '.agents-both', '.area-differences']) {
      const first = page.locator(`${list} button.link`).first()
      if (!(await first.count())) continue
      const name = await first.innerText()
      await first.click()
      await settled(page)
      check(say(`${list} opens ${name}`), (await page.locator('.card h2').innerText()) === name)
      await page.keyboard.press('Escape')
      check(say('and the figures come back'), !(await page.locator('.card').isVisible()))
    }
    const onlyB = page.locator('.agents-only-b button.link').first()
    if (await onlyB.count()) {
      const name = await onlyB.innerText()
      await page.locator('#search').fill(bare(plain(name)))
      await page.locator('#search-list [role=option]').filter({ hasText: plain(name) }).first().click()
      check(say('an agent of B alone is found'), (await page.locator('.card h2').innerText()) === name)
      await page.keyboard.press('Escape')
    }
    await shot(page, `compare-lists-${lang}`)
    const paper = await page.pdf({ path: join(out_dir, `compare-${lang}.pdf`), preferCSSPageSize: true, printBackground: true })
    check(say('it prints on one sheet'), paper.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length === 1)
    await page.context().close()
    const narrow = await open(compare_file, { hash: `#lang=${lang}`, viewport: { width: 360, height: 740 } })
    await settled(narrow)
    const boxes = await narrow.locator('.frame').evaluateAll(all => all.map(frame => frame.getBoundingClientRect().toJSON()))
    check(say('the maps are stacked on a phone'), boxes.length === 2 && boxes[1].top >= boxes[0].bottom && boxes.every(box => box.height > 200), JSON.stringify(boxes))
    const wide = await narrow.evaluate(() => document.documentElement.scrollWidth)
    check(say('nothing is wider than a phone'), wide <= 360, `${wide} px`)
    await shot(narrow, `compare-phone-${lang}`, { fullPage: true })
    await narrow.context().close()
  }
}
