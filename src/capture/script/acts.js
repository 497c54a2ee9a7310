  // ---- what is clicked and hidden
  const labels = (element) => squash(element.innerText || element.value || element.getAttribute('aria-label') || '');
  const BUTTON = 'button,[role="button"],input[type="button"],input[type="submit"],a,summary';
  const buttons = (within) => inside(within, BUTTON);
  const leads = (link) => {
    const href = link ? link.getAttribute('href').trim() : '';
    return href !== '' && !/^#(?![/!])/.test(href) && href !== '#' && !/^javascript:/i.test(href);
  };
  // "Visa fler" may be a link to the rest of the list, for those without scripts.
  const isRest = (link) => new URL(link.href, document.baseURI).origin + new URL(link.href, document.baseURI).pathname === location.origin + location.pathname
    && /\b(fler|ladda|more|load)\b/.test(labels(link));
  // A link that leads elsewhere, or a form that is sent, is never clicked.
  const stays = (element) => {
    const link = element.closest('a[href],area[href]');
    if (link && leads(link) && !isRest(link)) return false;
    const button = element.closest('button,input') || element;
    if (button.form && (button.type === 'submit' || button.type === 'image')) return false;
    return !button.disabled && button.getAttribute('aria-disabled') !== 'true';
  };

  const consentBars = () => {
    const found = [];
    const whole = document.body ? squash(textOf(document.body)).length : 0;
    const marked = /cookie|consent|gdpr|samtyck|onetrust|cybot|didomi|usercentrics|qc-cmp|sp_message|kakor/i;
    for (const element of all('div,section,aside,dialog,form,footer,header,nav,iframe,[role="dialog"],[role="alertdialog"],[aria-modal="true"]')) {
      if (element === document.documentElement || element === document.body) continue;
      const style = getComputedStyle(element);
      const floats = style.position === 'fixed' || style.position === 'sticky' || element.getAttribute('aria-modal') === 'true' || (element.localName === 'dialog' && element.open);
      if (!floats || !visible(element)) continue;
      if (found.some((one) => one.contains(element))) continue;
      const text = squash(textOf(element));
      if (text.length > 6000 || inside(element, POST).length > 0) continue;
      const tag = `${element.id} ${typeof element.className === 'string' ? element.className : ''} ${element.getAttribute('aria-label') || ''} ${element.title || ''}`;
      // A bar asks: a menu that only links to a page about cookies does not.
      const asks = buttons(element).some((one) => {
        const label = labels(one);
        return words.refuse.includes(label) || words.accept.some((word) => label === word || label.startsWith(`${word} `));
      });
      const tells = words.consent.some((word) => text.includes(word));
      // What holds most of the page is the page, whatever it is called after.
      if (whole > 1000 && text.length > whole * 0.8) continue;
      if ((marked.test(tag) && (asks || tells || text.length <= whole / 2)) || (asks && tells)) found.push(element);
    }
    return found;
  };
  const refuse = () => {
    roots(true);
    const log = [];
    for (const bar of consentBars()) {
      const button = buttons(bar).find((one) => visible(one) && stays(one) && words.refuse.includes(labels(one)));
      if (!button) continue;
      log.push({ action: 'refused', element: name(bar), label: cut(labels(button), 100) });
      button.click();
    }
    return log;
  };
  // What lies over a page often keeps it from being scrolled, by cutting off its body or by pinning it.
  const unlock = () => {
    const [page, body] = [document.documentElement, document.body];
    if (!body || root().scrollHeight > innerHeight + 50 || body.scrollHeight <= innerHeight + 50) return [];
    const isCut = getComputedStyle(body).overflowY !== 'visible' || getComputedStyle(body).position === 'fixed';
    if (!isCut) return [];
    for (const element of [page, body]) force(element, { overflow: 'visible', position: 'static', height: 'auto', 'max-height': 'none' });
    return [{ action: 'unlocked', element: name(body), label: '' }];
  };
  const hideBars = () => {
    roots(true);
    const log = [];
    for (const bar of consentBars()) {
      log.push({ action: 'hidden', element: name(bar), label: cut(textOf(bar), 100) });
      if (bar.localName === 'dialog' && bar.open) bar.close();
      hide(bar);
    }
    for (const element of [document.documentElement, document.body]) {
      if (log.length && element && /hidden|clip/.test(getComputedStyle(element).overflowY)) force(element, { overflow: 'visible', position: 'static' });
    }
    return log;
  };

  // A button's words, without counts, dots and arrows: "Visa 12 svar …" is "visa svar".
  const wordsOf = (label) => label.replace(/[^\p{L}\p{M}&'’-]+/gu, ' ').trim();
  // "Visa ytterligare kommentarer", "Hämta äldre", "Fler nyheter": a verb and how much, or how much of what.
  const isGrammar = (tokens) => {
    const rest = tokens.filter((one) => !words.fillers.includes(one));
    const [verbs, amounts, nouns] = [words.verbs, words.amounts, words.nouns].map((list) => rest.filter((one) => list.includes(one)).length);
    return verbs + amounts + nouns === rest.length && amounts > 0 && (words.verbs.includes(rest[0]) || (nouns > 0 && !/^(alla|hela|all|nästa)$/.test(rest[0])));
  };
  const shows = (label, button) => {
    if (label.length > 60 || label === '') return false;
    const text = wordsOf(label);
    if (text.split(' ').some((word) => words.never.includes(word))) return false;
    if (words.more_in_post.includes(text)) return above(button, POST) !== null;
    if (words.more_of_list.includes(text)) return [1, 2].some((up) => isBeside(button, up));
    if (above(button, POST) !== null && (words.of_post.includes(text) || (/\d/.test(label) && words.counted.includes(text)))) return true;
    return isGrammar(text.split(' ')) || words.more.some((word) => text === word || text.startsWith(`${word} `) || (word.length > 12 && text.includes(word)));
  };
  const isBeside = (button, up) => {
    let one = button;
    for (let left = up; one && left > 0; left -= 1) one = parentOf(one);
    return Boolean(one) && one !== document.body && !above(button, POST) && inside(one, POST).length > 1;
  };
  // Where the page is led about: what is there shows more of a menu, not of the page.
  const MENU = 'nav,header,footer,aside,[role="navigation"],[role="banner"],[role="contentinfo"],[role="complementary"]';
  const isOfMenu = (button) => above(button, MENU) !== null && above(button, `main,[role="main"],${POST}`) === null;
  // Words that can be clicked without being a button.
  const clickables = () => all('span,div').filter((one) => one.childElementCount === 0 && one.textContent.length < 60 && shows(squash(one.textContent), one)
    && !one.closest(BUTTON) && getComputedStyle(one).cursor === 'pointer');
  // A link is not followed, whoever else hears of the click; a window of its own is not opened without a person.
  const press = (button) => {
    const link = button.closest('a[href]');
    if (!link || !leads(link)) { button.click(); return; }
    const target = link.getAttribute('target');
    const halt = (event) => event.preventDefault();
    link.target = '_blank';
    addEventListener('click', halt);
    button.click();
    removeEventListener('click', halt);
    if (target === null) link.removeAttribute('target'); else link.target = target;
  };
  // A button may lead the page elsewhere without loading it: back, and not there again.
  const leading = new Set();
  const kindOf = (button) => `${name(button)} ${wordsOf(labels(button))}`;
  const place = () => location.pathname + location.search + (/^#[/!]/.test(location.hash) ? location.hash : '');
  let pressed = null;
  const back = () => {
    if (pressed === null || place() === pressed.place || history.length <= pressed.steps) return false;
    leading.add(pressed.kind);
    pressed = null;
    history.back();
    return true;
  };
  const clicked = new Map();
  const looked = new WeakMap();
  const unfolded = new WeakSet();
  let clicks = 0;
  const sizeAround = (button) => (above(button, POST) || button.getRootNode().host || button.getRootNode().body || button.getRootNode()).querySelectorAll('*').length;
  const shownAround = (button) => squash((above(button, POST) || document.body || button).innerText).length;
  // "Visa fler" that stays is clicked again as long as each click has brought something; "Visa svar" may fold it up again.
  const goesOn = (button, label, atEnd) => {
    const before = clicked.get(button);
    if (!before) return true;
    // A button may stand there before its script does; what it asked for may still be on its way.
    if (before.times < 4 && performance.now() - before.at > 1200 && before.label === label && before.size === sizeAround(button) && before.shown === shownAround(button)) return atEnd;
    const more = wordsOf(label).split(' ').some((word) => words.additive.includes(word));
    return more && before.label === label && before.times < LIMIT.again && sizeAround(button) > before.size;
  };
  const expand = async (draws) => {
    roots(true);
    const log = [];
    if (back()) { await drawn(); return { log, full: false }; }
    // What a post folds away, a warning among them, is a part of it.
    for (const folded of all('details:not([open])')) {
      if (clicks >= LIMIT.clicks || unfolded.has(folded) || !above(folded, POST)) continue;
      unfolded.add(folded);
      // Of several with one name only one is ever open.
      folded.removeAttribute('name');
      clicks += 1;
      const label = inside(folded, 'summary')[0];
      log.push({ action: 'expanded', element: name(folded), label: label ? cut(labels(label), 100) : '' });
      folded.open = true;
    }
    for (const button of [...all(BUTTON), ...(draws ? clickables() : [])]) {
      if (clicks >= LIMIT.clicks) break;
      const raw = `${button.textContent}\n${button.value || ''}\n${button.getAttribute('aria-label') || ''}`;
      if (looked.get(button) === raw) continue;
      const label = labels(button);
      if (!shows(label, button) || isOfMenu(button)) { looked.set(button, raw); continue; }
      if (!stays(button) || button.getAttribute('aria-expanded') === 'true' || !goesOn(button, label, draws) || leading.has(kindOf(button)) || !visible(button)) continue;
      const times = (clicked.get(button) || { times: 0 }).times + 1;
      clicked.set(button, { label, times, size: sizeAround(button), shown: shownAround(button), at: performance.now() });
      clicks += 1;
      log.push({ action: 'expanded', element: name(button), label: cut(label, 100) });
      pressed = { kind: kindOf(button), place: place(), steps: history.length };
      press(button);
      if (back()) break;
    }
    if (log.length && draws) await drawn();
    if (back()) await drawn();
    return { log, full: clicks >= LIMIT.clicks };
  };

