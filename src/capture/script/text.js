  // ---- walls and text
  const floating = (element) => {
    for (let one = element; one; one = parentOf(one)) {
      if (getComputedStyle(one).position === 'fixed' || one.getAttribute('aria-modal') === 'true' || (one.localName === 'dialog' && one.open)) return one;
    }
    return null;
  };
  // What lies over the middle of the view and takes a good part of it.
  const overlay = () => {
    let hit = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    while (hit && shadowOf(hit) && shadowOf(hit).elementFromPoint(innerWidth / 2, innerHeight / 2)) {
      const next = shadowOf(hit).elementFromPoint(innerWidth / 2, innerHeight / 2);
      if (next === hit) break;
      hit = next;
    }
    const over = hit && floating(hit);
    if (!over || inside(over, POST).length > 0) return null;
    const { width, height } = box(over);
    return width * height > innerWidth * innerHeight * 0.15 ? over : null;
  };
  // What any page of a site has, whatever stands above it.
  const FOOT = 'nav,footer,[role="navigation"],[role="contentinfo"]';
  const wall = () => {
    roots(true);
    const text = squash(document.body ? textOf(document.body) : '');
    const field = all('input[type="password"],input[autocomplete="current-password"]').find(visible);
    const over = overlay();
    const asks = over && (buttons(over).some((one) => words.login_buttons.includes(labels(one))) || words.login.some((word) => squash(textOf(over)).includes(word)));
    const says = (list) => list.some((word) => text.includes(word));
    const sentences = document.body ? textOf(document.body).slice(0, 20000).split(/[\n.!?]+/).map((one) => squash(one).replace(/’/g, "'")) : [];
    const isThing = (word) => words.things.includes(word);
    const absent = sentences.some((one) => one.length < 120 && one.split(/[^\p{L}]+/u).some(isThing) && words.absent.some((word) => one.includes(word)));
    // A login that asks for the name first.
    const first = all('input[autocomplete~="username"],input[name="loginfmt"]').some(visible) && buttons(document).some((one) => words.login_buttons.includes(labels(one)) || words.next_buttons.includes(labels(one)));
    return {
      password: Boolean(field), overlay: Boolean((field && floating(field)) || asks), phrase: first || says(words.login),
      gate: says(words.gate) || location.hostname.startsWith('consent.'), gone: absent || says(words.gone),
      in_site: all(FOOT).flatMap((one) => [...one.querySelectorAll('a[href]')]).length >= 3 && sentences.filter((one) => one.length > 30).length > 2,
      menu_chars: all(FOOT).filter((one) => !above(one, FOOT)).reduce((sum, one) => sum + textOf(one).length, 0),
    };
  };
  const describe = () => ({
    title: cut(clean(document.title)), language: cut(document.documentElement.lang || '', 35) || null, address: location.href,
  });
  // What the page is told of its visitor; this world's own objects, which no page can change.
  const environment = () => {
    const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return {
      user_agent: navigator.userAgent, languages: [...navigator.languages], locale, time_zone: timeZone,
      viewport: { width: innerWidth, height: innerHeight, scale: devicePixelRatio },
      media: ['screen', 'print'].filter((kind) => matchMedia(kind).matches),
    };
  };
  // Text of the page; then of posts that the page has dropped again and that could not be put back.
  const pageText = () => {
    roots(true);
    const gone = items.filter(isGone).map((item) => item.seen.text);
    return [document.body ? textOf(document.body) : '', ...gone].filter(Boolean).join('\n\n');
  };
  // Shadow trees as declarative ones (HTML, "template shadowrootmode"), so that the file shows what was seen.
  const html = () => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
    const page = document.documentElement;
    const trees = roots(true).filter((one) => one.host);
    const attributes = [...page.attributes].map((one) => ` ${one.name}="${one.value.replace(/&/g, '&amp;').replace(/"/g, '&quot;')}"`).join('');
    const whole = trees.length ? `<html${attributes}>${page.getHTML({ shadowRoots: trees })}</html>` : page.outerHTML;
    return `${type}\n${whole}\n`;
  };
  // ---- what is seen of a text and what is not
  // Text nodes of an element, those of shadow trees and frames in their places; a tree may be too deep to be entered by calls.
  const textNodes = (element) => {
    const found = [];
    const waiting = [element];
    while (waiting.length) {
      const node = waiting.pop();
      if (node.nodeType === 3) { if (node.data.trim()) found.push(node); continue; }
      if (node.nodeType !== 1 || /^(script|style|noscript|template|head|title)$/.test(node.localName)) continue;
      const assigned = node.localName === 'slot' ? node.assignedNodes({ flatten: true }) : [];
      const own = isFrame(node) ? documentOf(node) : null;
      const inner = own && own.body ? [own.body] : shadowOf(node) ? shadowOf(node).childNodes : assigned.length ? assigned : node.childNodes;
      for (let index = inner.length - 1; index >= 0; index -= 1) waiting.push(inner[index]);
    }
    return found;
  };
  // Whether an element lets nothing be seen of what is in it: words for screen readers are clipped to a pixel.
  const hides = (element) => {
    const style = getComputedStyle(element);
    if (Number(style.opacity) < 0.01) return true;
    if (/^inset\(50%|^circle\(0/.test(style.clipPath)) return true;
    if (style.position === 'absolute' && /^rect\((0px|1px)(, (0px|1px)){3}\)$/.test(style.clip)) return true;
    const { width, height } = box(element);
    return style.display !== 'inline' && style.display !== 'contents' && ((style.overflowX !== 'visible' && width <= 2) || (style.overflowY !== 'visible' && height <= 2));
  };
  // Whether text lies beside the drawing (SVG) that it belongs to, which cuts it off: from right to left it ends where it
  // begins on other pages.
  const isOffDrawing = (parent, places) => {
    const drawing = parent && parent.closest('svg');
    if (!drawing || getComputedStyle(drawing).overflowX === 'visible') return false;
    const frame = box(drawing);
    return places.every(({ left, right, top, bottom }) => right <= frame.left || left >= frame.right || bottom <= frame.top || top >= frame.bottom);
  };
  const range = document.createRange();
  // `memory` keeps what is known of elements.
  const isSeen = (node, memory) => {
    const parent = node.parentElement || node.getRootNode().host;
    if (parent && getComputedStyle(parent).visibility !== 'visible') return false;
    range.selectNodeContents(node);
    const places = [...range.getClientRects()];
    const view = node.ownerDocument.defaultView;
    const isRtl = getComputedStyle(node.ownerDocument.documentElement).direction === 'rtl';
    const isPlaced = places.some(({ left, right, bottom, width, height }) => width >= 1 && height >= 2 && bottom + view.scrollY > 0
      && (isRtl ? left + view.scrollX < view.innerWidth : right + view.scrollX > 0));
    if (!isPlaced || isOffDrawing(parent, places)) return false;
    const passed = [];
    let hidden = false;
    for (let one = parent; one && !hidden; one = parentOf(one)) {
      if (memory.has(one)) { hidden = memory.get(one); break; }
      passed.push(one);
      hidden = hides(one);
    }
    for (const one of passed) memory.set(one, hidden);
    return !hidden;
  };
  // Piece by piece, as it is drawn: words with a reading above them (ruby), or set in two ways, are drawn in pieces too.
  const seenOf = (element) => {
    const memory = new Map();
    return textNodes(element).filter((node) => isSeen(node, memory)).map((node) => node.data).join('\n');
  };
  // Whether text is seen outside a part of the page's width.
  const isSeenBeyond = (from, width) => {
    const memory = new Map();
    const isOutside = ({ left, right }) => left + scrollX > from + width || right + scrollX < from;
    return textNodes(document.body || document.documentElement).some((node) => {
      range.selectNodeContents(node);
      return [...range.getClientRects()].some(isOutside) && isSeen(node, memory);
    });
  };
  // What is seen of the page as it stands.
  const seenText = () => {
    roots(true);
    return document.body ? seenOf(document.body) : '';
  };

  const stash = { text: '' };
  const keep = (which) => {
    stash.text = which === 'html' ? html() : which === 'seen' ? seenText() : pageText();
    return stash.text.length;
  };
  const piece = (from, length) => stash.text.slice(from, from + length);
  // Characters of the page's text that no font on this machine has: they look like one that nobody has.
  const unprintable = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 24, height: 24 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const look = (text) => {
      pen.clearRect(0, 0, 24, 24);
      pen.font = '16px sans-serif';
      pen.fillText(text, 2, 18);
      return `${pen.measureText(text).width}:${pen.getImageData(0, 0, 24, 24).data.join()}`;
    };
    const none = new Set(['\u{10ffff}', '\u{e0fff}', '\uffff'].map(look));
    const characters = new Set((document.body ? textOf(document.body) : '').slice(0, 2000000));
    const asked = [...characters].filter((one) => /[\p{L}\p{N}\p{S}\p{P}]/u.test(one)).slice(0, 5000);
    return asked.filter((one) => none.has(look(one))).map((one) => `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`).slice(0, 500);
  };

  globalThis.bevara = {
    measure, isPlain, extent, reveal, scrollsInside, isPending, firstPart, nextPart, grown, scrollTo, eager, putBack, reselects, backgrounds, collect, harvesting, watch, findFeeds, isLost, reassemble, inventory, refuse, hideBars, unlock, expand, show, still, release, plain, marks, wall, describe, environment, keep, piece,
    unprintable,
  };
