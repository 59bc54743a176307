// The page for everybody: with the keyboard alone, on a phone, in the dark, read out.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openOrders, openPage, PHONE, shot, useStage } from './page.mjs';

describe('access', () => {
  const stage = useStage();

  const focused = (page) => page.evaluate(() => {
    const { tagName, textContent, ariaLabel, id } = document.activeElement;
    const label = id && document.querySelector(`label[for="${id}"]`)?.textContent;
    return `${tagName.toLowerCase()} ${label || ariaLabel || textContent}`;
  });

  test('everything can be done with the keyboard alone', async (t) => {
    const page = await openPage(t, stage);
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    assert.equal(await focused(page), 'input Endpoint');
    await page.keyboard.type(stage.endpoint);
    await press('Tab');
    await press('Tab');
    assert.equal(await focused(page), 'input Account key');
    await page.keyboard.type(stage.key);
    await press('Enter');
    await page.waitForFunction(() => document.activeElement.role === 'treeitem');
    assert.equal(await focused(page), 'li archive');
    await press('ArrowDown', 'ArrowRight');
    await page.getByRole('treeitem', { name: 'orders' }).waitFor();
    await press('ArrowRight', 'ArrowDown');
    assert.equal(await focused(page), 'li orders');
    await press('ArrowLeft');
    assert.equal(await focused(page), 'li shop');
    await press('End', 'Enter');
    await page.getByText(/^Page 1/).waitFor();
    await press('Tab');
    assert.equal(await focused(page), 'button New item');
    await press('Tab', 'ControlOrMeta+a');
    assert.equal(await focused(page), 'textarea Query');
    await page.keyboard.type('SELECT * FROM c ORDER BY c.id');
    await press('Control+Enter');
    await page.getByText('order-000').first().waitFor();
    for (let i = 0; i < 5; i++) await press('Tab');
    assert.equal(await focused(page), 'button order-000');
    await press('ArrowDown', 'ArrowDown');
    assert.equal(await focused(page), 'button order-002');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid', 'the focus can be seen');
    await press('Enter');
    await page.getByLabel('Document (JSON)').waitFor();
    assert.equal(await focused(page), 'h2 order-002');
    await press('Tab');
    assert.equal(await focused(page), 'button Close item');
    await press('Tab', 'ControlOrMeta+a');
    await page.keyboard.type('{"id":"order-002","customer":"fabrikam","item":"Cable"}');
    await press('Control+s');
    await page.getByText('Saved order-002').waitFor();
    assert.equal(await focused(page), 'textarea Document (JSON)');
    await press('Escape');
    await page.getByText('No item is open').waitFor();
    assert.equal(await focused(page), 'button order-002', 'back where it began');
    await shot(page, 'keyboard');
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`texts can be read, controls have names: ${colorScheme}`, async (t) => {
      const page = await openPage(t, stage, { colorScheme });
      assert.deepEqual(await page.evaluate(faint), []);
      await openOrders(page, stage);
      await page.locator('.results button').nth(2).click();
      await page.getByLabel('Document (JSON)').waitFor();
      await shot(page, `explorer-${colorScheme}`);
      assert.deepEqual(await page.evaluate(faint), []);
      assert.deepEqual(await page.evaluate(nameless), []);
      await page.getByRole('button', { name: 'Delete' }).click();
      assert.deepEqual(await page.evaluate(faint), []);
      await shot(page, `delete-${colorScheme}`);
    });
  }

  test('on a phone each pane fits, and nothing is wider than the screen', async (t) => {
    const page = await openPage(t, stage, { viewport: PHONE });
    const fits = async (name) => {
      await shot(page, `phone-${name}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, name);
    };
    await fits('connect');
    await openOrders(page, stage);
    await fits('items');
    assert.match(await focused(page), /^h2 shop/, 'the focus is not left in a pane that is hidden');
    await page.getByRole('button', { name: 'Add parameter' }).click();
    await fits('parameters');
    await page.locator('.results button').first().click();
    await page.getByLabel('Document (JSON)').waitFor();
    await fits('item');
    for (const pane of ['Databases', 'Requests']) {
      await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click();
      await fits(pane.toLowerCase());
    }
    const small = await page.locator('button:visible').evaluateAll((buttons) => buttons.filter((one) => one.getBoundingClientRect().height < 40).map((one) => one.textContent));
    assert.deepEqual(small, [], 'fingers need room');
  });
});

/** In the page: texts whose contrast with what is behind them is below that of WCAG AA. */
function faint() {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!texts.length || !element.checkVisibility() || element.closest(':disabled')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(`${element.textContent.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return found;
}

/** In the page: controls that a screen reader could not name. */
function nameless() {
  const named = (one) => one.ariaLabel || one.labels?.length || one.textContent.trim() || one.getAttribute('aria-labelledby');
  const controls = [...document.querySelectorAll('button, input, select, textarea, [role=treeitem], [role=region], [tabindex="0"]')];
  return controls.filter((one) => !named(one)).map((one) => one.outerHTML);
}
