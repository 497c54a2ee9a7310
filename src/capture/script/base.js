// Runs in an isolated world of the page: the page's own scripts can neither see nor change it. Word lists come from
// phrases.rs as `words`. Nothing here is trusted: what it returns is bounded and typed where it is read.
  const POST = [
    'article', '[role="article"]', '.h-entry', '[data-testid="tweet"]', '[data-testid^="feedItem"]',
    '[itemtype*="schema.org/SocialMediaPosting"]', '[itemtype*="schema.org/BlogPosting"]',
    '[itemtype*="schema.org/DiscussionForumPosting"]', '[itemtype*="schema.org/Article"]', '[data-bevara="post"]',
    '[data-urn^="urn:li:activity"]', '.feed-shared-update-v2', 'ytd-backstage-post-renderer', '[data-e2e="user-post-item"]', '.tgme_widget_message',
  ].join(',');
  const LIMIT = { text: 100000, short: 500, clicks: 5000, again: 200 };
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
  const force = (element, rules) => {
    for (const [property, value] of Object.entries(rules)) element.style.setProperty(property, value, 'important');
  };
  // What keeps a box from being as large as what it holds, or from showing it.
  const OPEN = { overflow: 'visible', height: 'auto', 'max-height': 'none', contain: 'none', 'content-visibility': 'visible' };
  // A style sheet of ours for a document or shadow tree, which no script that writes into an element's own style undoes.
  const dresses = new WeakMap();
  const dress = (tree, css) => {
    const own = tree.nodeType === 9 ? tree : tree.ownerDocument;
    if (!own.defaultView) return;
    const known = dresses.get(own) || new Map();
    dresses.set(own, known);
    if (!known.has(css)) {
      const sheet = new own.defaultView.CSSStyleSheet();
      sheet.replaceSync(css);
      known.set(css, sheet);
    }
    if (!tree.adoptedStyleSheets.includes(known.get(css))) tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, known.get(css)];
  };
  const hide = (element) => force(element, { display: 'none' });
  // Two frames: what a scroll or a click makes the page draw has been drawn.
  const drawn = () => new Promise((done) => {
    setTimeout(done, 1000);
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));
  });

  // What can act by itself: scripts that are no data, documents of their own, what moves, plays or leads elsewhere.
  const ACTS = 'script:not([type$="json" i]),iframe,frame,object,embed,video,audio,marquee,animate,animateMotion,animateTransform,set,meta[http-equiv="refresh" i]';
  const isPlain = async () => {
    if (document.querySelector(ACTS)) return false;
    roots(true);
    const acts = (element) => element.matches(ACTS) || element.getAttributeNames().some((attribute) => /^on/i.test(attribute));
    if (document.getAnimations().length || all('*').some(acts)) return false;
    await drawn();
    return true;
  };

  // ---- the page is more than its document: shadow trees, and frames of the same origin
  // A closed tree is known from a node in it, which the browser hands over (shadows.rs).
  const closed = new WeakMap();
  const reveal = (node) => {
    const tree = node.getRootNode();
    if (tree.host) closed.set(tree.host, tree);
  };
  const shadowOf = (element) => element.shadowRoot || closed.get(element) || null;
  const isFrame = (element) => element.localName === 'iframe' || element.localName === 'frame';
  const documentOf = (frame) => {
    try { return frame.contentDocument; } catch { return null; }
  };
  const frameOf = (root) => (root.nodeType === 9 && root !== document && root.defaultView ? root.defaultView.frameElement : null);
  const parentOf = (element) => element.parentElement || element.getRootNode().host || frameOf(element.getRootNode()) || null;
  // Elements with a shadow tree, a slot or a frame's document below them: `innerText` does not tell all of theirs.
  let mixed = new WeakSet();
  let known = { at: -1e9, roots: [] };
  const roots = (fresh = false) => {
    if (!fresh && performance.now() - known.at < 250) return known.roots;
    const found = [];
    mixed = new WeakSet();
    const mark = (element) => {
      for (let one = element; one && !mixed.has(one); one = parentOf(one)) mixed.add(one);
    };
    const enter = (root, depth) => {
      found.push(root);
      for (const element of root.querySelectorAll('*')) {
        const shadow = shadowOf(element);
        if (shadow) {
          mark(element);
          if (depth < 20) enter(shadow, depth + 1);
        } else if (element.localName === 'slot') mark(element);
        else if (isFrame(element) && visible(element)) {
          const inner = documentOf(element);
          if (inner && inner.body && inner.body.childNodes.length) {
            mark(element);
            if (depth < 20) enter(inner, depth + 1);
          }
        }
      }
    };
    enter(document, 0);
    known = { at: performance.now(), roots: found };
    return found;
  };
  const all = (selector) => roots().flatMap((root) => [...root.querySelectorAll(selector)]);
  const above = (element, selector) => {
    for (let one = parentOf(element); one; one = parentOf(one)) {
      const hit = one.closest(selector);
      if (hit) return hit;
      // `closest` has looked at this whole tree: on with what holds it.
      const root = one.getRootNode();
      one = root.host || frameOf(root);
      if (!one) return null;
      if (one.matches(selector)) return one;
    }
    return null;
  };
  const within = (root, selector) => {
    const found = [...root.querySelectorAll(selector)];
    for (const one of root.querySelectorAll('*')) if (shadowOf(one)) found.push(...within(shadowOf(one), selector));
    return found;
  };
  // What matches inside an element, its shadow trees included.
  const inside = (element, selector) => {
    if (!mixed.has(element)) return [...element.querySelectorAll(selector)];
    return [...(shadowOf(element) ? within(shadowOf(element), selector) : []), ...within(element, selector)];
  };
  const BLOCK = /^(block|flex|grid|list-item|table|flow-root)/;
  const pieces = (node, out) => {
    if (node.nodeType === 3) out.push(node.data.replace(/\s+/g, ' '));
    if (node.nodeType === 9 || node.nodeType === 11) for (const child of node.childNodes) pieces(child, out);
    if (node.nodeType !== 1 || /^(script|style|noscript|template|head)$/.test(node.localName)) return;
    const style = getComputedStyle(node);
    if (style.display === 'none' || style.visibility === 'hidden') return;
    const ends = BLOCK.test(style.display) || node.localName === 'br' ? '\n' : '';
    out.push(ends);
    if (!mixed.has(node)) out.push(node.innerText || '');
    else {
      const assigned = node.localName === 'slot' ? node.assignedNodes({ flatten: true }) : [];
      const inner = isFrame(node) ? [documentOf(node).body] : shadowOf(node) ? shadowOf(node).childNodes : assigned.length ? assigned : node.childNodes;
      for (const child of inner) pieces(child, out);
    }
    out.push(ends);
  };
  // The text as it is shown, shadow trees and frames in their places.
  const textOf = (element) => {
    if (!mixed.has(element)) return clean(element.innerText);
    const out = [];
    pieces(element, out);
    return clean(out.join(''));
  };

  // ---- size and scrolling
  const root = () => document.scrollingElement || document.documentElement;
  // What is scrolled: the page, or where that cannot be the greatest of its parts that can; after it its other parts.
  const scrolls = (element) => element.scrollHeight > element.clientHeight + 50;
  // A part that cuts off what it holds and is moved by a script of its own instead: most of the view, and much more in it.
  const isMoved = (element) => /hidden|clip/.test(getComputedStyle(element).overflowY) && element.clientHeight >= innerHeight * 0.5
    && element.clientWidth >= innerWidth * 0.5 && element.scrollHeight > element.clientHeight * 1.5
    && (element.innerText || '').length > document.body.innerText.length / 4;
  const partsBeside = (done) => all('*')
    .filter((element) => element.ownerDocument === document && element !== document.body && element !== document.documentElement && !done.has(element)
      && scrolls(element) && element.clientHeight >= innerHeight * 0.2 && element.clientWidth >= innerWidth * 0.2
      && element.localName !== 'textarea' && (/auto|scroll/.test(getComputedStyle(element).overflowY) || isMoved(element)) && visible(element))
    .sort((one, other) => other.scrollHeight - one.scrollHeight);
  const LIMIT_PARTS = 8;
  const parts = new Set();
  let inner = null;
  let chosen = false;
  const scroller = () => {
    const page = root();
    if (chosen && inner.isConnected) return inner;
    if (page.scrollHeight > innerHeight + 50) return page;
    if (inner && inner.isConnected && scrolls(inner)) return inner;
    [inner = null] = partsBeside(new Set());
    return inner || page;
  };
  // Goes to the first part, or on to the next one; whether there is one.
  // What is out of view and not drawn for that has no text either.
  const DRAWN = '* { content-visibility: visible !important }';
  const firstPart = () => {
    for (const tree of roots(true)) dress(tree, DRAWN);
    parts.clear();
    [inner, chosen] = [null, false];
    return true;
  };
  const nextPart = () => {
    parts.add(scroller());
    [inner = null] = partsBeside(parts);
    chosen = inner !== null && parts.size < LIMIT_PARTS;
    // What waits for being seen waits for its part to be.
    if (chosen) inner.scrollIntoView({ block: 'center', behavior: 'instant' });
    return chosen;
  };
  // What of the page's width can be scrolled to: from `x` of all there is, which is `left` of the view at rest. A page that
  // is written from right to left goes on to the left. Beyond `limit` it is cut, where it ends.
  const extent = (limit) => {
    const page = root();
    const overflow = (element) => (element ? getComputedStyle(element).overflowX : 'visible');
    const own = overflow(document.documentElement);
    const { scrollTop } = page;
    page.scrollTo({ left: -1e9, top: scrollTop, behavior: 'instant' });
    const left = Math.round(page.scrollLeft);
    page.scrollTo({ left: 0, top: scrollTop, behavior: 'instant' });
    // What a page hides at its sides nobody can scroll to: menus wait there.
    if (/hidden|clip/.test(own === 'visible' ? overflow(document.body) : own)) return { x: -left, left: 0, width: innerWidth, cut: false };
    const all = Math.max(innerWidth, page.scrollWidth);
    const width = Math.min(all, limit);
    const at = left < 0 ? all - width : 0;
    return { x: at, left: left + at, width, cut: width < all && isSeenBeyond(left + at, width) };
  };
  const pageHeight = () => Math.ceil(Math.max(root().scrollHeight, document.body ? document.body.scrollHeight : 0));

  // ---- pictures, those included that still wait for being scrolled to
  const PICTURE = /^[^\s]+\.(jpe?g|png|webp|gif|avif)([?#][^\s]*)?$/i;
  const waits = (image) => image.dataset.src || image.dataset.lazySrc || image.dataset.original || image.dataset.lazy
    || (image.complete && image.naturalWidth <= 1 && Object.values(image.dataset).find((value) => PICTURE.test(value))) || '';
  const isEmpty = (image) => !image.currentSrc || image.currentSrc.startsWith('data:') || (image.complete && image.naturalWidth <= 1);
  const sourceOf = (image) => image.currentSrc || image.getAttribute('src') || image.getAttribute('srcset') || waits(image);
  const hasLoaded = (image) => image.complete && image.naturalWidth > 0 && !(waits(image) && isEmpty(image));
  const shownImage = (image) => {
    if (!sourceOf(image)) return false;
    const { width, height } = box(image);
    // Counting pixels and pictures that are not shown are no content.
    return image.getClientRects().length > 0 && (width > 2 || height > 2 || !image.complete);
  };
  const pictures = () => {
    const shown = all('img').filter(shownImage);
    return { images: shown.length, loaded: shown.filter(hasLoaded).length };
  };
  const replaced = new Set();
  // What looks like a post and holds the whole feed.
  const wrappers = new Set();
  const isWithin = (element) => {
    let around = above(element, POST);
    while (around && wrappers.has(around)) around = above(around, POST);
    return around !== null;
  };
  const topPosts = () => all(POST).filter((element) => !wrappers.has(element) && !isWithin(element) && ![...replaced].some((gone) => gone.contains(element)));

  // A page that shows no more than that something is to come.
  const LOADING = /^(laddar|läser in|hämtar|vänta|loading|please wait|just a moment)\b/i;
  const isBusy = (posts) => {
    if (posts > 0 || !document.body || document.body.textContent.length > 20000) return false;
    if (all('[aria-busy="true"]').some((one) => visible(one) && box(one).height >= 100)) return true;
    const text = textOf(document.body);
    if (text.length > 400) return false;
    return text.split('\n').some((line) => LOADING.test(line.trim())) || all('[aria-busy="true"],[role="progressbar"]:not([aria-valuenow]),progress:not([value])').some(visible);
  };
  // A list that begins at its lower end counts from there, downwards from zero.
  const isReversed = (view) => view !== root() && getComputedStyle(view).flexDirection === 'column-reverse';
  const above0 = (view) => (isReversed(view) ? view.scrollHeight - view.clientHeight : 0);
  const measure = () => {
    // A document that has just begun has nothing to be measured.
    if (!document.documentElement) return { parsed: false, ready: false, height: 0, top: 0, view: 0, posts: 0, busy: false, images: 0, loaded: 0 };
    const view = scroller();
    const posts = topPosts().length;
    return {
      parsed: document.readyState !== 'loading',
      ready: document.readyState === 'complete',
      height: view === root() && root().scrollHeight <= innerHeight + 50 ? pageHeight() : view.scrollHeight,
      top: Math.max(0, Math.round(view.scrollTop + above0(view))),
      view: view === root() ? innerHeight : view.clientHeight,
      posts,
      busy: isBusy(posts),
      ...pictures(),
    };
  };
  // Whether a post in view has yet to be filled in.
  const isPending = () => topPosts().some((post) => {
    const { top, bottom, height } = box(post);
    if (bottom < 0 || top > innerHeight || height < 2) return false;
    return post.getAttribute('aria-busy') === 'true' || inside(post, '[aria-busy="true"]').length > 0 || (!squash(post.textContent) && !post.querySelector('img,picture,video,canvas'));
  });
  const scrollsInside = () => scroller() !== root();
  // Measures after so many milliseconds, or as soon as the page is higher than it was.
  const grown = async (height, wait) => {
    const view = scroller();
    const until = performance.now() + wait;
    for (let left = wait; left > 0; left = until - performance.now()) {
      await new Promise((done) => setTimeout(done, Math.min(left, 20)));
      if (measure().height > height) break;
    }
    return measure();
  };
  const scrollTo = async (top) => {
    const view = scroller();
    view.scrollTo({ top: top - above0(view), left: 0, behavior: 'instant' });
    await drawn();
    return measure();
  };
  const address = (value) => {
    try { return new URL(value, document.baseURI).href; } catch { return null; }
  };
  const fetchable = (value) => /^https?:/.test(address(value) || '');
  // Pictures that wait to be scrolled to are asked for at once; those that a script would have put in are put in.
  const eager = () => {
    const log = [];
    for (const element of all('img[loading="lazy"],iframe[loading="lazy"]')) element.loading = 'eager';
    for (const source of all('source[data-srcset]')) if (!source.srcset) source.srcset = source.dataset.srcset;
    for (const image of all('img')) {
      const set = image.dataset.srcset || image.dataset.lazySrcset;
      if (!isEmpty(image) || (image.getAttribute('src') && !image.complete) || !((waits(image) && fetchable(waits(image))) || set)) continue;
      if (set && !image.srcset) image.srcset = set;
      if (waits(image) && image.src !== address(waits(image))) {
        image.src = waits(image);
        log.push({ action: 'forced', element: name(image), label: '' });
      }
    }
    for (const element of all('[data-bg],[data-background-image],[data-background]')) {
      const wanted = element.dataset.bg || element.dataset.backgroundImage || element.dataset.background;
      if (getComputedStyle(element).backgroundImage !== 'none' || !fetchable(wanted)) continue;
      element.style.backgroundImage = `url(${JSON.stringify(address(wanted))})`;
      log.push({ action: 'forced', element: name(element), label: '' });
    }
    return log;
  };
  // Whether any picture is chosen by the width of the view.
  const reselects = () => all('picture source,img[srcset]').length > 0;
  // Addresses of pictures that are painted behind something shown.
  const backgrounds = () => {
    const found = new Set();
    for (const element of all('*')) {
      const image = getComputedStyle(element).backgroundImage;
      if (!image.includes('url(') || !visible(element)) continue;
      for (const [, url] of image.matchAll(/url\("([^"]*)"\)/g)) if (/^https?:/.test(url)) found.add(url);
    }
    return [...found].slice(0, 10000);
  };

