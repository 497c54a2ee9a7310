  // ---- made ready for its picture
  // A text that rolls past is never seen whole, and rolls off the paper: it stands in a box of the same width.
  const stand = (marquee) => {
    const { backgroundColor, display } = getComputedStyle(marquee);
    const standing = document.createElement('div');
    for (const { name: attribute, value } of marquee.attributes) {
      if (/^(id|class|style|lang|dir|title|data-.*|aria-.*)$/.test(attribute)) standing.setAttribute(attribute, value);
    }
    force(standing, { display, width: `${box(marquee).width}px`, height: 'auto', 'background-color': backgroundColor });
    standing.append(...marquee.childNodes);
    marquee.replaceWith(standing);
  };
  // What a style sheet cuts off a post's text, at the end of a line or after some lines, is a part of it; where the post has
  // no room for it, it stays cut.
  const uncut = () => {
    const log = [];
    for (const post of topPosts()) {
      if (isPlaced(post)) continue;
      for (const element of inside(post, '*')) {
        const style = getComputedStyle(element);
        const line = style.textOverflow === 'ellipsis' && style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
        const lines = style.webkitLineClamp !== 'none' && style.overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1;
        if (!(line || lines) || !element.textContent.trim()) continue;
        const around = [];
        for (let one = parentOf(element); one && one !== parentOf(post); one = parentOf(one)) around.push(one);
        const spills = (one) => one.scrollHeight > one.clientHeight + 1 && getComputedStyle(one).display !== 'inline';
        const before = around.map(spills);
        const own = element.getAttribute('style');
        force(element, { '-webkit-line-clamp': 'none', height: 'auto', 'max-height': 'none' });
        if (line) force(element, { 'white-space': 'normal', 'overflow-wrap': 'anywhere', 'text-overflow': 'clip' });
        if (around.some((one, index) => spills(one) && !before[index])) {
          if (own === null) element.removeAttribute('style'); else element.setAttribute('style', own);
          continue;
        }
        log.push({ action: 'uncut', element: name(element), label: '' });
      }
    }
    return log;
  };
  const LIT = '[data-bevara-shown] { opacity: 1 !important; visibility: visible !important; transform: none !important; transition: none !important; animation: none !important }';
  // What fades in when it comes into view, and out again, is shown where it has a place of its own: one of several in the
  // same place stays as it is, and what hides without a place, as menus do.
  const show = () => {
    roots(true);
    const log = [];
    // By a style sheet: what a script writes into the element's own style would take the place of what stands there.
    const light = (element) => {
      element.setAttribute('data-bevara-shown', '');
      dress(element.getRootNode(), LIT);
    };
    const isPart = (element) => box(element).height > 20 && (squash(element.textContent).length >= 12 || element.querySelector('img,video,svg,canvas'));
    const kinds = new Map();
    for (const element of all('*')) {
      const style = getComputedStyle(element);
      const isDark = Number(style.opacity) < 0.1 || (style.visibility === 'hidden' && getComputedStyle(element.parentElement || element).visibility !== 'hidden');
      if (!isDark || /absolute|fixed/.test(style.position) || style.display === 'inline' || isPlaced(element) || !isPart(element)) continue;
      log.push({ action: 'shown', element: name(element), label: '' });
      kinds.set(element.parentElement, element.localName);
      light(element);
    }
    // Their neighbours, in view now, would fade out when they no longer are.
    for (const [around, kind] of kinds) if (around) for (const one of around.children) if (one.localName === kind && !isPlaced(one)) light(one);
    return log.slice(0, 5000);
  };
  const still = () => {
    const log = [];
    for (const one of roots(true)) {
      for (const animation of one.getAnimations ? one.getAnimations() : []) {
        const timing = animation.effect ? animation.effect.getComputedTiming() : null;
        try {
          // A fade-in is brought to its end; what goes round for ever is stopped where it begins.
          if (timing && timing.endTime !== Infinity) animation.finish(); else { animation.pause(); animation.currentTime = 0; }
        } catch { /* an animation without a timeline shows nothing */ }
      }
      for (const media of one.querySelectorAll('video,audio')) {
        const played = !media.paused || media.autoplay;
        media.pause();
        media.autoplay = false;
        media.removeAttribute('autoplay');
        // Its poster, where it has one, says what it is better than the frame that happens to be shown.
        if (media.poster) { media.preload = 'none'; media.load(); }
        if (played) log.push({ action: 'paused', element: name(media), label: '' });
      }
      for (const marquee of one.querySelectorAll('marquee')) {
        log.push({ action: 'paused', element: name(marquee), label: cut(clean(marquee.textContent), 100) });
        stand(marquee);
      }
      const style = document.createElement('style');
      style.textContent = '*,*::before,*::after{transition:none!important;caret-color:transparent!important;scroll-behavior:auto!important;content-visibility:visible!important}';
      (one.head || one.documentElement || one).append(style);
    }
    return log;
  };
  // Pictures side by side of which a post shows one at a time stand below each other; those that only repeat others do not.
  const SLIDE = '[data-bevara-slide] { position: static !important; transform: none !important; float: none !important; flex-wrap: wrap !important; height: auto !important; max-height: none !important; opacity: 1 !important; overflow: visible !important }';
  const carousels = () => {
    const log = [];
    for (const post of topPosts()) {
      for (const view of inside(post, '*')) {
        if (!/hidden|clip/.test(getComputedStyle(view).overflowX) || view.clientWidth < 100) continue;
        const edge = box(view);
        const isBeside = (image) => hasLoaded(image) && box(image).width > 50 && (box(image).left >= edge.right - 5 || box(image).right <= edge.left + 5);
        const images = [...view.querySelectorAll('img')];
        if (images.length < 2 || !images.some(isBeside)) continue;
        const shown = new Set();
        const keep = images.filter((image) => hasLoaded(image) && !shown.has(image.currentSrc) && shown.add(image.currentSrc));
        for (const image of images) {
          for (let one = image; one && one !== view; one = one.parentElement) {
            if (!keep.includes(image)) { if (one.querySelectorAll('img').length <= 1 && one.parentElement !== view) hide(one); continue; }
            one.setAttribute('data-bevara-slide', '');
          }
        }
        view.setAttribute('data-bevara-slide', '');
        dress(view.getRootNode(), SLIDE);
        log.push({ action: 'unrolled', element: name(view), label: '' });
      }
    }
    return log;
  };
  const release = () => {
    roots(true);
    const log = uncut();
    firstPart();
    const main = scroller();
    const holdsMuch = (part) => part === main || inside(part, POST).length > 0 || textOf(part).length > textOf(document.body).length / 4;
    for (const view of [main, ...partsBeside(new Set([main]))]) {
      if (view === root() || !holdsMuch(view)) continue;
      log.push({ action: 'unrolled', element: name(view), label: '' });
      for (let element = view; element; element = element.parentElement) {
        force(element, OPEN);
        if (getComputedStyle(element).position === 'fixed') force(element, { position: 'static' });
      }
    }
    // A row that is scrolled sideways is broken into lines.
    for (const row of all('*')) {
      if (row.scrollWidth <= row.clientWidth * 1.2 || row.clientWidth < innerWidth * 0.2 || row.children.length < 3) continue;
      const style = getComputedStyle(row);
      if (!/auto|scroll/.test(style.overflowX) || !/flex|grid|block/.test(style.display) || /^(pre|code|table|textarea)$/.test(row.localName)) continue;
      force(row, { 'flex-wrap': 'wrap', 'grid-auto-flow': 'row', 'white-space': 'normal', height: 'auto', 'max-height': 'none', overflow: 'visible' });
      log.push({ action: 'unrolled', element: name(row), label: '' });
    }
    log.push(...carousels());
    // A frame that scrolls is shown whole.
    for (const frame of all('iframe')) {
      const own = documentOf(frame);
      if (!own || !own.body || !visible(frame)) continue;
      const height = Math.ceil(Math.max(own.documentElement.scrollHeight, own.body.scrollHeight));
      if (height > frame.clientHeight + 2 && height < 50000) {
        log.push({ action: 'unrolled', element: name(frame), label: '' });
        force(frame, { height: `${height}px`, 'max-height': 'none' });
      }
    }
    root().scrollTo({ top: 0, left: 0, behavior: 'instant' });
    const posts = topPosts().map(box);
    // A bar across the upper part is the page's own head or message.
    const liesOver = ({ top, left, right, bottom, width, height }) => !(width >= innerWidth * 0.9 && height < innerHeight / 4)
      && posts.some((post) => Math.min(right, post.right) - Math.max(left, post.left) > 40 && Math.min(bottom, post.bottom) - Math.max(top, post.top) > 20);
    const whole = document.body ? document.body.innerText.length : 0;
    for (const element of all('*')) {
      if (element.ownerDocument !== document || element === document.body || element === document.documentElement) continue;
      const position = getComputedStyle(element).position;
      if (position === 'sticky') {
        force(element, { position: 'relative', inset: 'auto' });
        log.push({ action: 'unstuck', element: name(element), label: '' });
      } else if (position === 'fixed' && visible(element)) {
        const place = box(element);
        const { top, left, width, bottom } = place;
        // What hangs at the lower edge, or over posts, would lie over a post wherever it were put: it is in the view picture.
        const holds = inside(element, POST).length > 0 || (element.innerText || '').length > whole / 2;
        if (!holds && (top > innerHeight / 2 || (top <= 0 && bottom >= innerHeight) || liesOver(place))) {
          hide(element);
          log.push({ action: 'hidden', element: name(element), label: cut(textOf(element), 100) });
        } else {
          force(element, { position: 'absolute', top: `${top}px`, left: `${left}px`, width: `${width}px`, right: 'auto', bottom: 'auto' });
          log.push({ action: 'unstuck', element: name(element), label: '' });
        }
      }
    }
    return log.slice(0, 5000);
  };
  // What a filter changes is printed as a picture, and its text is lost: printed is what it was made from.
  const plain = () => {
    const log = [];
    for (const element of all('*')) {
      if (getComputedStyle(element).filter === 'none' || !element.textContent.trim()) continue;
      force(element, { filter: 'none' });
      log.push({ action: 'unfiltered', element: name(element), label: '' });
    }
    return log.slice(0, 5000);
  };
  // For each band of the page, how many pieces of text or pictures are surely to be seen in it.
  const marks = (height, band, from, width) => {
    roots(true);
    const counts = Array(Math.max(1, Math.ceil(height / band))).fill(0);
    const range = document.createRange();
    let budget = 50000;
    // Between which lines of the view the elements around one let it be seen; `null` where they let nothing be seen. What
    // the root and the body hide is hidden by the view, which the picture does not have.
    const spans = new Map([[document.documentElement, [-Infinity, Infinity]], [document.body, [-Infinity, Infinity]]]);
    const spanOf = (element) => {
      const chain = [];
      let one = element;
      for (; one && !spans.has(one); one = one.parentElement) chain.push(one);
      let span = one ? spans.get(one) : [-Infinity, Infinity];
      for (const each of chain.reverse()) {
        const style = span && getComputedStyle(each);
        if (span && (Number(style.opacity) < 0.1 || style.clipPath !== 'none' || style.clip !== 'auto')) span = null;
        else if (span && (style.overflowY !== 'visible' || style.overflowX !== 'visible')) {
          const own = box(each);
          span = own.height < 4 || own.width < 4 ? null : [Math.max(span[0], own.top), Math.min(span[1], own.bottom)];
        }
        spans.set(each, span);
      }
      return span;
    };
    const isSeen = (element, middle) => {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
      const span = spanOf(element);
      return span !== null && middle >= span[0] && middle <= span[1];
    };
    const count = (element, { top, left, width: wide, height: tall }) => {
      const middle = top + tall / 2;
      const index = Math.floor((middle + scrollY) / band);
      if (wide < 4 || tall < 4 || left + wide + scrollX < from + 4 || left + scrollX > from + width - 4 || index < 0 || index >= counts.length) return;
      if (isSeen(element, middle)) counts[index] += 1;
    };
    for (const one of roots()) {
      if ((one.nodeType === 9 ? one : one.ownerDocument) !== document) continue;
      const walker = document.createTreeWalker(one.body || one, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && budget > 0; node = walker.nextNode(), budget -= 1) {
        const parent = node.parentElement;
        if (!node.data.trim() || !parent || /^(script|style|noscript|template)$/.test(parent.localName)) continue;
        range.selectNodeContents(node);
        const rect = range.getClientRects()[0];
        if (rect && !/^rgba\(.*, 0\)$/.test(getComputedStyle(parent).color)) count(parent, rect);
      }
      for (const image of one.querySelectorAll('img')) if (hasLoaded(image) && box(image).height < band) count(image, box(image));
    }
    return counts;
  };

