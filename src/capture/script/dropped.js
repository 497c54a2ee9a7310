  // ---- what a page takes away again while it is scrolled: a list that drops what is scrolled past tells so itself
  const LEAST = { line: 12, places: 5, items: 3, share: 0.2 };
  // Of each line and picture the place that it was in: what ticks in one place is no list.
  const dropped = { lines: new Map(), pictures: new Map(), lists: new Map() };
  // Where what was taken out stood, and the picture that an element has shown.
  const stoodIn = new WeakMap();
  const showed = new WeakMap();
  const feeds = new Set();
  const lose = (text, place) => {
    const line = squash(text);
    if (line.length >= LEAST.line && dropped.lines.size < 50000) dropped.lines.set(line, place);
    return line.length > 0;
  };
  const textsOf = (node) => {
    const found = [];
    const walk = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
      (one) => (/^(script|style|noscript|template)$/.test(one.localName || '') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    for (let one = walk.currentNode; one; one = walk.nextNode()) if (one.nodeType === 3) found.push(one.data);
    return found;
  };
  const picturesOf = (node) => [...(node.localName === 'img' ? [node] : []), ...node.querySelectorAll('img')].map((image) => image.currentSrc || image.src)
    .filter((source) => /^https?:/.test(source));
  const isLarger = (image) => image.localName !== 'img' || /^https?:/.test(image.currentSrc || image.src);
  // Pictures that the page took out of their places when they were out of view are put back.
  const putBack = () => {
    note(observer.takeRecords());
    const log = [];
    for (const image of all('img')) {
      if (!showed.has(image) || isLarger(image)) continue;
      image.removeAttribute('srcset');
      image.src = showed.get(image);
      log.push({ action: 'forced', element: name(image), label: '' });
    }
    return log;
  };
  const note = (records) => {
    for (const { type, target, removedNodes, oldValue } of records) {
      if (type === 'attributes') {
        if (/^https?:/.test(address(oldValue || '') || '') && !isLarger(target)) showed.set(target, address(oldValue));
        continue;
      }
      if (type === 'characterData' && oldValue !== target.data) lose(oldValue, target.parentNode);
      for (const node of removedNodes) {
        if (node.nodeType === 3) lose(node.data, target);
        if (node.nodeType !== 1 || /^(script|style|noscript|template)$/.test(node.localName) || node.isConnected) continue;
        const place = target.children && target.children.length > 1 ? node : target;
        stoodIn.set(node, target);
        const texts = textsOf(node).map((text) => lose(text, place));
        const pictures = picturesOf(node);
        for (const source of pictures) if (dropped.pictures.size < 50000) dropped.pictures.set(source, place);
        if (!pictures.length && !texts.includes(true)) continue;
        const list = dropped.lists.get(target) || { count: 0, names: new Set() };
        list.count += 1;
        dropped.lists.set(target, { ...list, names: list.names.add(node.localName) });
      }
    }
  };
  const observer = new MutationObserver(note);
  // Begins to look; trees that come later are looked at from the next call on.
  const watch = () => {
    for (const one of roots(true)) observer.observe(one, { childList: true, characterData: true, characterDataOldValue: true, attributes: true, attributeFilter: ['src'], attributeOldValue: true, subtree: true });
    return true;
  };
  const isLost = () => {
    note(observer.takeRecords());
    if (dropped.lines.size + dropped.pictures.size < LEAST.places) return false;
    roots(true);
    const whole = document.body ? squash(textOf(document.body)) : '';
    const pictures = new Set(all('img').flatMap((image) => [image.currentSrc, image.src]));
    const lost = [...dropped.pictures].filter(([source]) => !pictures.has(source)).map(([, place]) => place);
    for (const [index, [line, place]] of [...dropped.lines].entries()) if (index > 5000 || !whole.includes(line)) lost.push(place);
    const kept = pictures.size + textsOf(document.body || document).filter((text) => squash(text).length >= LEAST.line).length;
    return new Set(lost).size >= LEAST.places && lost.length > kept * LEAST.share;
  };
  // Lists without the marks of posts that have dropped much: what they hold are posts from now on.
  // The list that elements are used again in: of what the texts that were lost stand in, what has most parts of its own.
  const usedAgain = () => {
    const parents = new Map();
    for (const place of new Set([...dropped.lines.values(), ...dropped.pictures.values()])) {
      for (let one = place.isConnected ? place : stoodIn.get(place); one && one.isConnected && one.parentElement && one !== document.body; one = one.parentElement) {
        parents.set(one.parentElement, (parents.get(one.parentElement) || new Set()).add(one));
      }
    }
    return [...parents].sort(([, one], [, other]) => other.size - one.size).slice(0, 1).filter(([list, used]) => used.size >= LEAST.places && !list.closest(POST));
  };
  const findFeeds = () => {
    if (!isLost()) return false;
    // Items that are emptied in their places are no lists: what holds them is one.
    const holders = new Map();
    for (const list of dropped.lists.keys()) if (list.isConnected && list.parentElement) holders.set(list.parentElement, (holders.get(list.parentElement) || new Set()).add(list));
    for (const [holder, emptied] of holders) {
      if (emptied.size < LEAST.places) continue;
      for (const one of emptied) dropped.lists.delete(one);
      dropped.lists.set(holder, { count: emptied.size, names: new Set([...emptied].map((one) => one.localName)) });
    }
    for (const [list, { count }] of dropped.lists) {
      if (count < LEAST.items || !list.isConnected || list.nodeType !== 1 || list.querySelector(POST)) continue;
      const around = list.closest(POST);
      // One thing that looks like a post, and the whole feed in it.
      if (around && topPosts().length > 2) continue;
      if (around) wrap(around);
      feeds.add(list);
    }
    if (feeds.size === 0) {
      for (const [list, used] of usedAgain()) {
        dropped.lists.set(list, { count: used.size, names: new Set([...used].map((one) => one.localName)) });
        feeds.add(list);
      }
    }
    return feeds.size > 0;
  };
  const markFeeds = () => {
    for (const list of feeds) {
      const { names } = dropped.lists.get(list);
      for (const child of list.children) {
        if (names.has(child.localName) && !child.hasAttribute('data-bevara') && (textOf(child) || child.querySelector('img'))) child.setAttribute('data-bevara', 'post');
      }
    }
  };
