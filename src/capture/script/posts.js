  // ---- posts, collected while they are there
  const items = [];
  const byElement = new WeakMap();
  const byKey = new Map();
  const read = (element) => {
    const first = (selector) => inside(element, selector)[0];
    const time = first('time[datetime],[itemprop~="datePublished"][datetime],[itemprop~="datePublished"][content],.dt-published,abbr[title][data-utime]');
    const author = first('[itemprop~="author"] [itemprop~="name"],[itemprop~="author"],.p-author,[rel~="author"],[data-testid="User-Name"],.author');
    const link = first('a.u-url,a[itemprop~="url"],a[rel~="bookmark"],a[href]:has(time)') || (time && time.closest('a[href]'));
    const marked = element.getAttribute('data-permalink') || element.getAttribute('itemid');
    const own = inside(element, 'img').filter(shownImage);
    return {
      id: element.id || null,
      text: cut(textOf(element), LIMIT.text),
      author: author ? cut(clean(author.getAttribute('content') || author.innerText)) || null : null,
      time: time ? cut(time.getAttribute('datetime') || time.getAttribute('content') || time.title || clean(time.innerText), 100) || null : null,
      permalink: cut(address((link && link.getAttribute('href')) || marked || '') === document.baseURI ? '' : ((link && link.href) || (marked && address(marked)) || ''), 2000) || null,
      images: own.length,
      images_loaded: own.filter(hasLoaded).length,
      comments: inside(element, POST).length,
    };
  };
  // A list's own number or key for what stands in this place.
  const placeOf = (element) => {
    for (let one = element, up = 0; one && up < 4; one = one.parentElement, up += 1) {
      if (up > 0 && one.querySelectorAll(POST).length > element.querySelectorAll(POST).length + 1) return null;
      for (const attribute of ['data-index', 'data-item-index', 'aria-posinset', 'data-post-id', 'data-id', 'data-key']) {
        if (one.hasAttribute(attribute)) return `${attribute}=${one.getAttribute(attribute)}`;
      }
    }
    return null;
  };
  const signOf = (element) => {
    if (mixed.has(element)) return null;
    const images = [...element.querySelectorAll('img')].map((image) => `${image.complete && image.naturalWidth > 0}${image.currentSrc}`);
    return `${element.textContent}\n${element.querySelectorAll('a').length}\n${images.join('\n')}`;
  };
  // Posts of few words may have the same; then their pictures tell them apart.
  const isBrief = (seen) => squash(seen.text).length < 80;
  const painted = (element) => [element, ...inside(element, '*')].map((one) => getComputedStyle(one).backgroundImage).filter((image) => /url\("https?:/.test(image));
  const muteOf = (element, seen, place) => {
    if (seen.text && (!isBrief(seen) || place || seen.time || seen.id || seen.permalink)) return '';
    const links = seen.text ? [] : [element, ...inside(element, 'a[href]')].map((link) => link.href || '');
    return [...picturesOf(element), ...painted(element), ...links].filter(Boolean).join(' ');
  };
  const keyOf = (seen, place, mute) => seen.permalink || (mute && `${mute} ${squash(seen.text)}`) || (place || seen.time || seen.id
    ? [seen.id, place, seen.time, squash(seen.text).slice(0, 20)].join('|') : squash(seen.text).slice(0, 400));
  // Whether another post has been put into an element that this list uses again.
  // `moved` is how far the post above it has moved: what grows above, unfolded or loaded late, moves all below it.
  const isAnother = (item, seen, { place, mute }, top, moved) => {
    const differ = (one, other) => one && other && one !== other;
    if (item.seen.permalink && seen.permalink) return item.seen.permalink !== seen.permalink;
    if (differ(item.seen.id, seen.id) || differ(item.seen.time, seen.time) || differ(item.place, place)) return true;
    if (Math.abs(top - item.top - moved) <= 200) return false;
    if (!seen.text && !item.seen.text) return differ(item.mute, mute);
    if (item.mute && mute && item.mute !== mute) return true;
    const lines = squash(item.seen.text) === squash(seen.text) ? [] : item.seen.text.split('\n');
    const now = seen.text.split('\n');
    const kept = lines.filter((line) => now.includes(line)).length;
    // What it says is its longest line: that may be unfolded, but is another's where it begins otherwise.
    const longest = lines.reduce((one, line) => (line.length > one.length ? line : one), '');
    const begins = longest.replace(/\s*(…|\.{3})?\s*((visa|se|läs|show|see|read) )?(mer|more)?$/i, '');
    return kept < lines.length * 0.6 || !now.some((line) => line.startsWith(begins));
  };
  // An element that is left in its place, empty, until it comes into view again.
  const isHollow = (item) => item.weight > 0 && item.element.getElementsByTagName('*').length < item.weight / 2
    && (item.weight > 4 || item.element.textContent.length < item.seen.text.length / 2);
  const isGone = (item) => !item.element.isConnected || byElement.get(item.element) !== item || isHollow(item);
  // A list that puts its posts where they belong by position uses its elements in any order.
  const isPlaced = (element) => {
    for (let one = element, up = 0; one && up < 4; one = one.parentElement, up += 1) if (getComputedStyle(one).position === 'absolute') return true;
    return false;
  };
  const inOrder = (posts) => {
    if (!posts.some(isPlaced)) return posts;
    const places = new Map(posts.map((post) => [post, box(post)]));
    return posts.sort((one, other) => places.get(one).top - places.get(other).top || places.get(one).left - places.get(other).left);
  };
  // What was taken for a post and holds the feed.
  const wrap = (around) => {
    wrappers.add(around);
    const item = byElement.get(around);
    if (!item) return;
    items.splice(items.indexOf(item), 1);
    byElement.delete(around);
    byKey.delete(item.key);
  };
  let harvest = false;
  const collect = (limit, anew = false) => {
    roots(true);
    markFeeds();
    let shown = 0;
    let moved = 0;
    const scrolled = scroller().scrollTop + above0(scroller());
    for (const element of inOrder(topPosts())) {
      shown += 1;
      let item = byElement.get(element);
      const sign = signOf(element);
      const top = box(element).top + scrolled;
      if (item && sign !== null && item.sign === sign && !anew && (!harvest || item.cell)) {
        // What jumps by itself may be about to hold another post.
        if (Math.abs(top - item.top - moved) <= 200) [moved, item.top] = [top - item.top, top];
        continue;
      }
      const seen = read(element);
      if (!seen.text && seen.images === 0) continue;
      const place = placeOf(element);
      const mute = muteOf(element, seen, place);
      const key = keyOf(seen, place, mute);
      if (item && isAnother(item, seen, { place, mute }, top, moved)) item = null;
      else if (item) moved = top - item.top;
      // The same post may come back in another element, when the one it had is gone.
      if (!item) item = (byKey.get(key) || []).find((one) => one.element === element || isGone(one));
      if (item) {
        if (anew || seen.text.length >= item.seen.text.length || seen.images_loaded > item.seen.images_loaded) item.seen = seen;
      } else {
        if (items.length >= limit) return { shown, items: items.length, full: true, gone: items.some(isGone) };
        item = { seen };
        items.push(item);
      }
      Object.assign(item, { element, place, mute, top, sign, weight: Math.max(item.element === element ? item.weight || 0 : 0, element.getElementsByTagName('*').length) });
      if (item.key !== key) {
        item.key = key;
        byKey.set(key, [...(byKey.get(key) || []), item]);
      }
      byElement.set(element, item);
      if (harvest && !isHollow(item)) keepCell(item);
    }
    return { shown, items: items.length, full: false, gone: items.some(isGone) };
  };
  // A post that is too faint to be seen is looked for whole: nothing of it was taken.
  const isFaint = (element) => {
    for (let one = element; one; one = parentOf(one)) if (Number(getComputedStyle(one).opacity) < 0.01) return true;
    return false;
  };
  const soughtIn = (item) => seenOf(item.element) || (isFaint(item.element) ? item.seen.text : '');
  const inventory = (from, count) => items.slice(from, from + count)
    .map((item) => ({ ...item.seen, seen: isGone(item) ? item.seen.text : cut(soughtIn(item), LIMIT.text) }));

  // ---- a list that drops what is scrolled past: copies of the very nodes are kept, and put together at the end
  const holdsOther = (cell, parent) => [...parent.children].some((one) => one !== cell && (one.matches(POST) || one.querySelector(POST)));
  const cellOf = (element) => {
    for (let cell = element, up = 0; cell.parentElement && up < 8; cell = cell.parentElement, up += 1) {
      if (holdsOther(cell, cell.parentElement)) return cell;
      if (cell.parentElement === document.body) break;
    }
    return element;
  };
  // Shadow trees are copied too, in a document where no script can meddle.
  const copyTree = (from, to, inert) => {
    const tree = shadowOf(from);
    if (tree && !to.shadowRoot) {
      try {
        const shadow = to.attachShadow({ mode: 'open' });
        for (const child of tree.childNodes) shadow.append(inert.importNode(child, true));
        const sheets = tree.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText));
        if (sheets.length) shadow.prepend(Object.assign(inert.createElement('style'), { textContent: sheets.join('\n') }));
        copyTrees(tree, shadow, inert, sheets.length ? 1 : 0);
      } catch { /* an element that cannot have one */ }
    }
    copyTrees(from, to, inert, 0);
  };
  const copyTrees = (from, to, inert, skip) => {
    for (const [index, child] of [...from.children].entries()) if (to.children[index + skip]) copyTree(child, to.children[index + skip], inert);
  };
  const keepCell = (item) => {
    const cell = cellOf(item.element);
    let copy;
    if (mixed.has(cell)) {
      const inert = document.implementation.createHTMLDocument('');
      copy = inert.importNode(cell, true);
      copyTree(cell, copy, inert);
    } else copy = cell.cloneNode(true);
    const style = getComputedStyle(cell);
    if (style.position === 'absolute' || style.position === 'fixed') force(copy, { position: 'relative', inset: 'auto', transform: 'none' });
    for (const [index, image] of [...cell.querySelectorAll('img')].entries()) {
      const other = copy.querySelectorAll('img')[index];
      other.loading = 'eager';
      if (image.currentSrc && other.getAttribute('src') !== image.currentSrc) {
        other.removeAttribute('srcset');
        other.src = image.currentSrc;
      }
    }
    for (const [index, canvas] of [...cell.querySelectorAll('canvas')].entries()) {
      const picture = document.createElement('img');
      try { picture.src = canvas.toDataURL(); } catch { continue; }
      picture.className = canvas.className;
      picture.style.cssText = `width:${box(canvas).width}px;height:${box(canvas).height}px`;
      copy.querySelectorAll('canvas')[index].replaceWith(picture);
    }
    Object.assign(item, { cell: copy, list: cell.parentElement, live: cell });
  };
  const harvesting = (on) => { harvest = on; return items.some(isGone); };
  const reassemble = () => {
    const gone = items.filter(isGone);
    const done = { posts: 0, lost: gone.filter((item) => !item.cell).length, log: [] };
    if (gone.length === 0) return done;
    for (const item of items) if (!isGone(item)) keepCell(item);
    const lists = new Map();
    let last = null;
    for (const item of items) {
      if (!item.cell) continue;
      const list = item.list && item.list.isConnected && item.list !== document.documentElement ? item.list : last;
      if (!list) { done.lost += 1; continue; }
      last = list;
      lists.set(list, [...(lists.get(list) || []), item]);
    }
    for (const [list, own] of lists) {
      const missing = own.filter(isGone).length;
      if (missing === 0) continue;
      const isBody = list === document.body;
      const copy = isBody ? document.createElement('div') : list.cloneNode(false);
      copy.setAttribute('data-bevara', 'reassembled');
      const style = { height: 'auto', 'min-height': '0', 'max-height': 'none', transform: 'none' };
      if (list.style.paddingTop || list.style.paddingBottom) Object.assign(style, { 'padding-top': '0', 'padding-bottom': '0' });
      if (!isBody) force(copy, { ...style, ...OPEN });
      for (const item of own) {
        const lives = !isGone(item);
        if (isBody && lives) { hide(item.live); replaced.add(item.live); }
        copy.append(item.cell);
        const post = item.cell.matches(POST) ? item.cell : inside(item.cell, POST)[0] || item.cell;
        item.element = post;
        byElement.set(post, item);
      }
      if (isBody) list.append(copy); else { list.after(copy); hide(list); replaced.add(list); }
      done.posts += missing;
      done.log.push({ action: 'reassembled', element: name(list), label: `${missing}/${own.length}` });
    }
    roots(true);
    return done;
  };

