
  // ---- what the page shows of the login it was asked for with
  // A style sheet may write what stands in any attribute, and where a link leads stands in the print. Of other elements an
  // address may not be changed: they would load it anew; nor what styles and scripts know an element by.
  const LOADS = /^(src|srcset|href|xlink:href|data|poster|action|formaction|background|style|class|id|for|name|type|rel|is|slot|on.*)$/i;
  const shownOf = (element) => {
    const names = element.getAttributeNames().filter((attribute) => !LOADS.test(attribute));
    return /^(a|area)$/.test(element.localName) ? [...names, 'href', 'xlink:href'] : names;
  };
  // One pixel that nobody sees.
  const EMPTY = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
  // What a picture that stands in its own address is made of, where that is text.
  const drawnIn = (image) => {
    const [, kind, coded, data] = /^data:(image\/svg[^,]*?)(;base64)?,(.*)$/is.exec(image.getAttribute('src') || '') || [];
    if (!kind) return '';
    try { return coded ? atob(data) : decodeURIComponent(data); } catch { return data; }
  };
  // A text may be cut into several nodes, by a place where a line may break: each is told with where it begins in all.
  const strung = (nodes) => {
    let at = 0;
    return nodes.map((node) => {
      const one = { node, from: at };
      at += node.data.length;
      return one;
    });
  };
  // Takes forms out that go over several nodes. Returns in how many places one stood.
  const redactAcross = (nodes, forms, mark) => {
    let count = 0;
    for (const form of forms) {
      const whole = nodes.map((node) => node.data).join('');
      const pieces = strung(nodes);
      const hits = [];
      for (let at = whole.indexOf(form); at >= 0; at = whole.indexOf(form, at + form.length)) hits.push(at);
      for (const at of hits.reverse()) {
        count += 1;
        const end = at + form.length;
        let first = true;
        for (const { node, from } of pieces) {
          const length = node.data.length;
          if (from + length <= at || from >= end) continue;
          node.data = node.data.slice(0, Math.max(0, at - from)) + (first ? mark : '') + node.data.slice(Math.min(length, end - from));
          first = false;
        }
      }
    }
    return count;
  };
  const LINKS = 'a[href],area[href],link[href],img[src],iframe[src],source[src],video[src],form[action],script[src]';
  // Values that go by a token's name: in forms, in meta elements, in the queries of addresses.
  const tokens = (parts) => {
    const named = (text) => parts.some((part) => (text || '').toLowerCase().includes(part));
    const found = new Set();
    for (const element of all('input,meta')) {
      const label = `${element.getAttribute('name') || ''} ${element.id} ${element.getAttribute('property') || ''}`;
      const isPassword = element.localName === 'input' && element.type === 'password';
      const value = element.localName === 'meta' ? element.content : element.value;
      if (value && (isPassword || named(label))) found.add(value);
    }
    for (const element of all(LINKS)) {
      const link = element.getAttribute('href') || element.getAttribute('src') || element.getAttribute('action');
      if (!link || !link.includes('?')) continue;
      let query = null;
      try { query = new URL(link, document.baseURI).searchParams; } catch { continue; }
      for (const [key, value] of query) if (value && named(key)) found.add(value);
    }
    return [...found].filter((value) => value.length <= 4096).slice(0, 2000);
  };
  // What style sheets can write: their texts, and the properties of their own that these may be made of. A sheet of
  // another site's cannot be read.
  const written = (places, style) => {
    for (const name of style) {
      const text = /^(--|content$|quotes$|list-style-type$)/.test(name) ? style.getPropertyValue(name) : '';
      if (text) places.push({ text, put: (clear) => style.setProperty(name, clear, style.getPropertyPriority(name)) });
    }
  };
  const rules = (places, list) => {
    for (const rule of list) {
      if (rule.style) written(places, rule.style);
      if (rule.cssRules) rules(places, rule.cssRules);
      if (rule.styleSheet) sheet(places, rule.styleSheet);
    }
  };
  const sheet = (places, one) => {
    let list = [];
    try { list = one.cssRules; } catch { /* Of another site. */ }
    rules(places, list);
  };
  // Takes `forms` out of everything that pictures and print can show. Returns in how many places one stood.
  const redact = (forms, mark) => {
    const places = [];
    const texts = [];
    for (const one of roots(true)) {
      const own = [];
      texts.push(own);
      const walker = (one.nodeType === 9 ? one : one.ownerDocument).createTreeWalker(one, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentNode && /^(script|style|template)$/.test(node.parentNode.localName)) continue;
        own.push(node);
        places.push({ text: node.data, put: (text) => { node.data = text; } });
      }
      for (const element of one.querySelectorAll('*')) {
        for (const attribute of shownOf(element)) {
          const text = element.getAttribute(attribute);
          if (text) places.push({ text, put: (clear) => element.setAttribute(attribute, clear) });
        }
        const drawing = element.localName === 'img' ? drawnIn(element) : '';
        if (drawing) places.push({ text: drawing, put: () => { element.src = EMPTY; } });
        if (element.hasAttribute('style') && element.style) written(places, element.style);
        if (/^(input|textarea)$/.test(element.localName) && element.value) places.push({ text: element.value, put: (clear) => { element.value = clear; } });
      }
      for (const own of [...(one.styleSheets || []), ...(one.adoptedStyleSheets || [])]) sheet(places, own);
    }
    places.push({ text: document.title, put: (clear) => { document.title = clear; } });
    const everything = places.map((place) => place.text).join('\n');
    const across = texts.map((own) => own.map((node) => node.data).join('')).join('\n');
    // The longest first: a short form may be a part of a long one.
    const sorted = [...forms].sort((one, other) => other.length - one.length);
    const present = sorted.filter((form) => everything.includes(form));
    const cutUp = sorted.filter((form) => across.includes(form));
    let count = 0;
    for (const { text, put } of places) {
      const clear = present.reduce((rest, form) => rest.split(form).join(mark), text);
      if (clear === text) continue;
      count += 1;
      try { put(clear); } catch { /* A file input's value cannot be set, and is not shown. */ }
    }
    for (const own of texts) count += redactAcross(own, cutUp, mark);
    return count;
  };
  Object.assign(globalThis.bevara, { tokens, redact });
