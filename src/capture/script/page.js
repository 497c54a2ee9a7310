// Runs in an isolated world of the page: the page's own scripts can neither see nor change it. Word lists come from
// phrases.rs as `words`. Nothing here is trusted: what it returns is bounded and typed where it is read.
(() => {
  const POST = [
    'article', '[role="article"]', '.h-entry', '[data-testid="tweet"]', '[data-testid^="feedItem"]',
    '[itemtype*="schema.org/SocialMediaPosting"]', '[itemtype*="schema.org/BlogPosting"]',
    '[itemtype*="schema.org/DiscussionForumPosting"]', '[itemtype*="schema.org/Article"]',
  ].join(',');
  const LIMIT = { text: 100000, short: 500, clicks: 5000 };
  const clean = (text) => (text || '').replace(/[ \t\u00a0]+/g, ' ').replace(/\s*\n\s*/g, '\n').trim();
  const squash = (text) => (text || '').normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();
  const cut = (text, limit = LIMIT.short) => (text || '').slice(0, limit);
  const box = (element) => element.getBoundingClientRect();
  const visible = (element) => {
    const { width, height } = box(element);
    if (width < 1 || height < 1) return false;
    const style = getComputedStyle(element);
    return style.visibility !== 'hidden' && style.display !== 'none' && Number(style.opacity) > 0.01;
  };
  const name = (element) => {
    const id = element.id ? `#${element.id}` : '';
    const cls = typeof element.className === 'string' ? element.className.trim().split(/\s+/).filter(Boolean).slice(0, 3) : [];
    return cut(`${element.localName}${id}${cls.map((one) => `.${one}`).join('')}`, 200);
  };

  // ---- size and scrolling
  const root = () => document.scrollingElement || document.documentElement;
  let inner = null;
  const scroller = () => {
    const page = root();
    if (page.scrollHeight > innerHeight + 50) return page;
    if (inner && inner.isConnected && inner.scrollHeight > inner.clientHeight + 50) return inner;
    inner = null;
    for (const element of document.body ? document.body.querySelectorAll('div,main,section,ul') : []) {
      if (element.scrollHeight <= element.clientHeight + 50 || element.clientHeight < innerHeight * 0.5) continue;
      const overflow = getComputedStyle(element).overflowY;
      if (overflow !== 'auto' && overflow !== 'scroll') continue;
      if (!inner || element.scrollHeight > inner.scrollHeight) inner = element;
    }
    return inner || page;
  };
  const pageHeight = () => Math.ceil(Math.max(root().scrollHeight, document.body ? document.body.scrollHeight : 0));

  const pictures = () => {
    let all = 0, loaded = 0;
    for (const image of document.images) {
      const src = image.currentSrc || image.getAttribute('src');
      if (!src) continue;
      const { width, height } = box(image);
      // Counting pixels and pictures that are not shown are no content.
      if (image.getClientRects().length === 0 || (width <= 2 && height <= 2 && image.complete)) continue;
      all += 1;
      if (image.complete && image.naturalWidth > 0) loaded += 1;
    }
    return { images: all, loaded };
  };
  const topPosts = () => [...document.querySelectorAll(POST)].filter((element) => !element.parentElement || !element.parentElement.closest(POST));

  const measure = () => {
    const view = scroller();
    return {
      ready: document.readyState === 'complete',
      height: view === root() ? pageHeight() : view.scrollHeight,
      top: Math.max(0, Math.round(view.scrollTop)),
      view: view === root() ? innerHeight : view.clientHeight,
      posts: topPosts().length,
      ...pictures(),
    };
  };
  const scrollTo = (top) => {
    scroller().scrollTo({ top, left: 0, behavior: 'instant' });
    return measure();
  };
  // Pictures that wait to be scrolled to are asked for at once.
  const eager = () => {
    for (const element of document.querySelectorAll('img[loading="lazy"],iframe[loading="lazy"]')) element.loading = 'eager';
  };

  // ---- posts, collected while they are there
  const items = [];
  const byElement = new WeakMap();
  const first = (element, selector) => element.querySelector(selector);
  const address = (value) => {
    try { return new URL(value, document.baseURI).href; } catch { return null; }
  };
  const read = (element) => {
    const time = first(element, 'time[datetime],[itemprop~="datePublished"][datetime],[itemprop~="datePublished"][content],.dt-published,abbr[title][data-utime]');
    const author = first(element, '[itemprop~="author"] [itemprop~="name"],[itemprop~="author"],.p-author,[rel~="author"],[data-testid="User-Name"],.author');
    const link = first(element, 'a.u-url,a[itemprop~="url"],a[rel~="bookmark"],a[href]:has(time)') || (time && time.closest('a[href]'));
    const marked = element.getAttribute('data-permalink') || element.getAttribute('itemid');
    const own = [...element.querySelectorAll('img')].filter((image) => image.getClientRects().length > 0 && (image.currentSrc || image.getAttribute('src')));
    return {
      id: element.id || null,
      text: cut(clean(element.innerText), LIMIT.text),
      author: author ? cut(clean(author.getAttribute('content') || author.innerText)) || null : null,
      time: time ? cut(time.getAttribute('datetime') || time.getAttribute('content') || time.title || clean(time.innerText), 100) || null : null,
      permalink: cut(address((link && link.getAttribute('href')) || marked || '') === document.baseURI ? '' : ((link && link.href) || (marked && address(marked)) || ''), 2000) || null,
      images: own.length,
      images_loaded: own.filter((image) => image.complete && image.naturalWidth > 0).length,
      comments: element.querySelectorAll(POST).length,
    };
  };
  const keyOf = (seen) => seen.permalink || seen.id || squash(seen.text).slice(0, 400);
  const collect = (limit) => {
    let shown = 0;
    for (const element of topPosts()) {
      shown += 1;
      const seen = read(element);
      if (!seen.text && seen.images === 0) continue;
      const key = keyOf(seen);
      let item = byElement.get(element);
      // A virtualised list puts another post into the same element.
      if (item && item.key !== key && (seen.permalink || seen.id) && item.seen.id !== seen.id) item = null;
      // … and the same post into another element, when the one it had is gone.
      if (!item) item = items.find((one) => one.key === key && (one.element === element || !one.element.isConnected));
      if (item) {
        if (seen.text.length >= item.seen.text.length || seen.images_loaded > item.seen.images_loaded) item.seen = seen;
        item.key = key;
        item.element = element;
      } else {
        if (items.length >= limit) return { shown, items: items.length, full: true };
        item = { key, element, seen };
        items.push(item);
      }
      byElement.set(element, item);
    }
    return { shown, items: items.length, full: false };
  };
  const inventory = (from, count) => items.slice(from, from + count).map((item) => item.seen);

  // ---- what is clicked and hidden
  const labels = (element) => squash(element.innerText || element.value || element.getAttribute('aria-label') || '');
  const buttons = (within) => [...within.querySelectorAll('button,[role="button"],input[type="button"],input[type="submit"],a,summary')];
  // A link that leads elsewhere, or a form that is sent, is never clicked.
  const stays = (element) => {
    const link = element.closest('a[href]');
    if (link) {
      const href = link.getAttribute('href').trim();
      if (href !== '' && !href.startsWith('#') && !/^javascript:/i.test(href)) return false;
    }
    if (element.form && (element.type === 'submit' || element.type === 'image')) return false;
    return !element.disabled;
  };
  const hide = (element) => element.style.setProperty('display', 'none', 'important');

  const consentBars = () => {
    const found = [];
    const marked = /cookie|consent|gdpr|samtyck|onetrust|cybot|didomi|usercentrics|qc-cmp|sp_message/i;
    for (const element of document.querySelectorAll('div,section,aside,dialog,form,footer,header,iframe,[role="dialog"],[role="alertdialog"]')) {
      const style = getComputedStyle(element);
      const floats = style.position === 'fixed' || style.position === 'sticky' || element.getAttribute('aria-modal') === 'true' || (element.localName === 'dialog' && element.open);
      if (!floats || !visible(element)) continue;
      if (found.some((one) => one.contains(element))) continue;
      const text = squash(element.innerText);
      if (text.length > 6000 || element.querySelector(POST)) continue;
      const tag = `${element.id} ${typeof element.className === 'string' ? element.className : ''} ${element.getAttribute('aria-label') || ''} ${element.title || ''}`;
      // A bar asks: a menu that only links to a page about cookies does not.
      const asks = buttons(element).some((one) => {
        const label = labels(one);
        return words.refuse.includes(label) || words.accept.some((word) => label === word || label.startsWith(`${word} `));
      });
      if (marked.test(tag) || (asks && words.consent.some((word) => text.includes(word)))) found.push(element);
    }
    return found;
  };
  const refuse = () => {
    const log = [];
    for (const bar of consentBars()) {
      const button = buttons(bar).find((one) => visible(one) && stays(one) && words.refuse.includes(labels(one)));
      if (!button) continue;
      log.push({ action: 'refused', element: name(bar), label: cut(labels(button), 100) });
      button.click();
    }
    return log;
  };
  const hideBars = () => {
    const log = [];
    for (const bar of consentBars()) {
      log.push({ action: 'hidden', element: name(bar), label: cut(clean(bar.innerText), 100) });
      hide(bar);
    }
    for (const element of [document.documentElement, document.body]) {
      if (log.length && element && /hidden|clip/.test(getComputedStyle(element).overflowY)) {
        element.style.setProperty('overflow', 'visible', 'important');
        element.style.setProperty('position', 'static', 'important');
      }
    }
    return log;
  };

  const clicked = new WeakSet();
  let clicks = 0;
  const expand = () => {
    const log = [];
    const scope = document.querySelector('main,[role="main"]') || document.body;
    for (const button of scope ? buttons(scope) : []) {
      if (clicks >= LIMIT.clicks) break;
      if (clicked.has(button) || !stays(button)) continue;
      const label = labels(button);
      if (label.length > 60 || !words.more.some((word) => label === word || label.startsWith(`${word} `) || (word.length > 12 && label.includes(word)))) continue;
      if (!visible(button)) continue;
      clicked.add(button);
      clicks += 1;
      log.push({ action: 'expanded', element: name(button), label: cut(label, 100) });
      button.click();
    }
    return { log, full: clicks >= LIMIT.clicks };
  };

  // ---- made ready for its picture
  const still = () => {
    for (const animation of document.getAnimations()) {
      const timing = animation.effect ? animation.effect.getComputedTiming() : null;
      try {
        // A fade-in is brought to its end; what goes round for ever is stopped where it begins.
        if (timing && timing.endTime !== Infinity) animation.finish(); else { animation.currentTime = 0; animation.pause(); }
      } catch { /* an animation without a timeline shows nothing */ }
    }
    for (const media of document.querySelectorAll('video,audio')) media.pause();
    const style = document.createElement('style');
    style.textContent = '*,*::before,*::after{transition:none!important;caret-color:transparent!important;scroll-behavior:auto!important}';
    (document.head || document.documentElement).append(style);
  };
  const release = () => {
    const log = [];
    const view = scroller();
    if (view !== root()) {
      log.push({ action: 'unrolled', element: name(view), label: '' });
      for (let element = view; element && element !== document.documentElement; element = element.parentElement) {
        for (const [property, value] of [['overflow', 'visible'], ['height', 'auto'], ['max-height', 'none']]) element.style.setProperty(property, value, 'important');
        if (getComputedStyle(element).position === 'fixed') element.style.setProperty('position', 'static', 'important');
      }
    }
    root().scrollTo({ top: 0, left: 0, behavior: 'instant' });
    for (const element of document.body ? document.body.querySelectorAll('*') : []) {
      const position = getComputedStyle(element).position;
      if (position === 'sticky') {
        for (const [property, value] of [['position', 'relative'], ['inset', 'auto']]) element.style.setProperty(property, value, 'important');
        log.push({ action: 'unstuck', element: name(element), label: '' });
      } else if (position === 'fixed' && visible(element)) {
        const { top, left, width, bottom } = box(element);
        // What hangs at the lower edge would lie over a post wherever it were put: it is in the view picture.
        const holds = element.querySelector(POST) || element.innerText.length > document.body.innerText.length / 2;
        if (!holds && (top > innerHeight / 2 || (top <= 0 && bottom >= innerHeight))) {
          hide(element);
          log.push({ action: 'hidden', element: name(element), label: cut(clean(element.innerText), 100) });
        } else {
          for (const [property, value] of [['position', 'absolute'], ['top', `${top}px`], ['left', `${left}px`], ['width', `${width}px`], ['right', 'auto'], ['bottom', 'auto']]) element.style.setProperty(property, value, 'important');
          log.push({ action: 'unstuck', element: name(element), label: '' });
        }
      }
    }
    return log;
  };
  // For each segment, how many pieces of text or pictures ought to be seen in it.
  const marks = (height, step) => {
    const counts = Array(Math.max(1, Math.ceil(height / step))).fill(0);
    const walker = document.createTreeWalker(document.body || document.documentElement, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let budget = 50000;
    for (let node = walker.nextNode(); node && budget > 0; node = walker.nextNode(), budget -= 1) {
      if (!node.data.trim() || !node.parentElement || !visible(node.parentElement)) continue;
      range.selectNodeContents(node);
      const { top, width } = range.getBoundingClientRect();
      const index = Math.floor((top + scrollY) / step);
      if (width > 0 && index >= 0 && index < counts.length) counts[index] += 1;
    }
    return counts;
  };

  // ---- login walls and text
  const wall = () => {
    const text = squash(document.body ? document.body.innerText : '');
    const field = [...document.querySelectorAll('input[type="password"],input[autocomplete="current-password"]')].find(visible);
    let floats = false;
    for (let element = field; element; element = element.parentElement) {
      if (getComputedStyle(element).position === 'fixed' || element.getAttribute('aria-modal') === 'true') floats = true;
    }
    return { password: Boolean(field), overlay: floats, phrase: words.login.some((word) => text.includes(word)) };
  };
  const describe = () => ({
    title: cut(clean(document.title)), language: cut(document.documentElement.lang || '', 35) || null, address: location.href,
  });
  // Text of the page; then of posts that the page has dropped again.
  const pageText = () => {
    const shadow = [];
    const dig = (within) => {
      for (const element of within.querySelectorAll('*')) {
        if (!element.shadowRoot) continue;
        for (const child of element.shadowRoot.children) if (child.innerText && visible(child)) shadow.push(clean(child.innerText));
        dig(element.shadowRoot);
      }
    };
    dig(document);
    const gone = items.filter((item) => !item.element.isConnected).map((item) => item.seen.text);
    return [clean(document.body ? document.body.innerText : ''), ...shadow, ...gone].filter(Boolean).join('\n\n');
  };
  const html = () => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
    return `${type}\n${document.documentElement.outerHTML}\n`;
  };
  const stash = { text: '' };
  const keep = (which) => {
    stash.text = which === 'html' ? html() : pageText();
    return stash.text.length;
  };
  const piece = (from, length) => stash.text.slice(from, from + length);

  globalThis.bevara = { measure, scrollTo, eager, collect, inventory, refuse, hideBars, expand, still, release, marks, wall, describe, keep, piece };
  return true;
})()
