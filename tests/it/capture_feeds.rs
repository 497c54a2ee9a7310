//! Feeds as sites build them: lists that drop what is scrolled past without any mark of posts, or use their elements again;
//! parts of a page that are scrolled by themselves; whatever is clicked for more. Each is taken whole, in text and pictures.

use bevara::model::verdict::{Reason, Verdict};

use crate::capture::{Rig, colours, verdict};
use crate::pages::Pages;

const POSTS: u8 = 42;

/// What a page's scripts share: a post's words and its colour, which no other has.
const SHARED: &str = "const N = 42, main = document.querySelector('main');\
    const colour = (i) => `rgb(${40 + i * 3}, 90, ${200 - i})`;\
    const block = (i) => `<div style=\"height:40px;width:300px;background:${colour(i)}\"></div>`;\
    const inner = (i) => `<h3>Exempelkommun</h3><p>Uppdatering ${i} om snöröjning på gata ${i * 7 + 1000}.</p>${block(i)}`;\
    const post = (i, name = 'article') => { const one = document.createElement(name); one.style.minHeight = '150px'; one.innerHTML = inner(i); return one; };";

/// A list that keeps what is in view, absolutely placed, and takes all else out. `cells` fills a row.
fn virtual_list(rows: &str, height: u32, cells: &str) -> String {
    format!(
        "main.style.cssText = 'position:relative'; main.style.height = {rows} * {height} + 'px'; const live = new Map();\
         const row = (r) => {{ const d = document.createElement('div'); d.style.cssText = `position:absolute;left:0;top:${{r * {height}}}px;height:{height}px`; {cells}; return d; }};\
         const draw = () => {{ const a = Math.max(0, Math.floor((scrollY - 400) / {height})), b = Math.min({rows} - 1, Math.floor((scrollY + innerHeight) / {height}) + 1);\
         for (const [k, e] of live) if (k < a || k > b) {{ e.remove(); live.delete(k); }}\
         for (let r = a; r <= b; r++) if (!live.has(r)) {{ const e = row(r); main.append(e); live.set(r, e); }} }};\
         addEventListener('scroll', draw); draw();"
    )
}

/// A list of ten elements that are used again for what comes into view.
const RECYCLED: &str = "const ROW = 200, els = []; main.style.cssText = 'position:relative'; main.style.height = N * ROW + 'px';\
    for (let i = 0; i < 10; i++) { const a = document.createElement('article'); a.style.cssText = 'position:absolute;left:0;right:0;height:180px'; a.innerHTML = '<b>Exempelkommun</b><p></p><div></div><small>Gilla Kommentera Dela</small>'; main.append(a); els.push(a); }\
    const draw = () => { const s = Math.max(0, Math.floor(scrollY / ROW) - 2); for (let i = s; i < s + 10 && i < N; i++) { const a = els[i % 10]; a.style.transform = `translateY(${i * ROW}px)`; a.children[1].textContent = `Inlägg ${i}: belysning på gata ${i * 3}`; a.children[2].style.cssText = `height:40px;width:300px;background:${colour(i)}`; } };\
    addEventListener('scroll', draw); draw();";

/// A part that is scrolled by itself and gets more at its end.
const SCROLLED: &str = "const end = document.createElement('div'); end.textContent = '.'; const box = document.querySelector('#box'); box.append(end); let n = 0;\
    const more = () => { for (let k = 0; k < 10 && n < N; k++, n++) box.insertBefore(post(n), end); };\
    new IntersectionObserver((seen) => { if (seen[0].isIntersecting) setTimeout(more, 50); }, { root: box, rootMargin: '200px' }).observe(end);\
    new MutationObserver(() => { if (end.getBoundingClientRect().top < box.getBoundingClientRect().bottom + 200) setTimeout(more, 50); }).observe(box, { childList: true });";

/// Something to click at the end of what is in `main`.
fn clicked(label: &str) -> String {
    format!(
        "let n = 0; const more = () => {{ for (let k = 0; k < 20 && n < N; k++, n++) main.append(post(n)); if (n >= N) m.remove(); }};\
         const m = document.querySelector('#m'); more(); {label}"
    )
}

fn page(body: &str, script: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=sv><head><meta charset=utf-8><title>Exempel</title><style>body {{ margin: 0; font: 16px 'Noto Sans' }}</style></head>\
         <body>{body}<script>{SHARED}{script}</script></body></html>"
    )
}

/// The pages: name, page, and how many posts are counted where any are.
fn feeds() -> Vec<(&'static str, String, Option<u8>)> {
    let plain = "<main></main>";
    let grid = "for (let c = 0; c < 3; c++) { const i = r * 3 + c; d.innerHTML += `<a href=\"/p/${i}\" style=\"display:inline-block;width:300px\">${block(i)}<div>Bildtext nr ${i} från kommunen</div></a>`; }";
    let beside = |name: &str, style: &str| {
        format!(
            "<{name} id=box style='display:block;overflow-y:auto;border:2px solid red;{style}'></{name}>"
        )
    };
    let part = |name: &str, style: &str| {
        format!(
            "<div style='height:200px;background:#036'>Kommunens flöde</div>{}<p>Sidfot</p><main hidden></main>",
            beside(name, style)
        )
    };
    let on = |rest: &str| format!("m.onclick = {rest}");
    vec![
        (
            "unmarked",
            page(plain, &virtual_list("N", 220, "d.innerHTML = inner(r)")),
            Some(POSTS),
        ),
        (
            "grid",
            page(plain, &virtual_list("N / 3", 310, grid)),
            Some(POSTS / 3),
        ),
        ("recycled", page(plain, RECYCLED), Some(POSTS)),
        (
            "part",
            page(&part("div", "height:800px"), SCROLLED),
            Some(POSTS),
        ),
        (
            "small part",
            page(&part("div", "height:300px"), SCROLLED),
            Some(POSTS),
        ),
        (
            "own element",
            page(&part("my-app", "height:100vh"), SCROLLED),
            Some(POSTS),
        ),
        (
            "unmarked part",
            page(
                &part("div", "height:800px"),
                &SCROLLED.replace("post(n)", "post(n, 'div')"),
            ),
            None,
        ),
        (
            "word beside",
            page(
                "<div><main></main><button id=m>Fler</button></div>",
                &clicked(&on("more")),
            ),
            Some(POSTS),
        ),
        (
            "plain words",
            page(
                "<main></main><span id=m style='cursor:pointer'>Visa fler inlägg</span>",
                &clicked(&on("more")),
            ),
            Some(POSTS),
        ),
        (
            "link",
            page(
                "<main></main><a id=m href='?page=2'>Visa fler inlägg</a>",
                &clicked(&on("(e) => { e.preventDefault(); more(); }")),
            ),
            Some(POSTS),
        ),
        (
            "outside",
            page(
                "<section role=main><p>Rubrik</p></section><main></main><button id=m>Visa fler inlägg</button>",
                &clicked(&on("more")),
            ),
            Some(POSTS),
        ),
    ]
}

/// Shown when it comes into view, and hidden again when it leaves it.
const REVEALED: &str = "for (let i = 0; i < N; i++) main.append(post(i, 'div')); const style = document.createElement('style');\
    style.textContent = 'main > div { opacity: 0; visibility: hidden; transform: translateY(40px); transition: all .4s } main > div.in { opacity: 1; visibility: visible; transform: none }'; document.head.append(style);\
    const io = new IntersectionObserver((all) => all.forEach((one) => one.target.classList.toggle('in', one.isIntersecting)), { threshold: .1 }); for (const one of main.children) io.observe(one);";
/// The newest stand at the lower end; older ones come when it is scrolled up.
const UPWARD: &str = "let n = N; const more = () => { for (let k = 0; k < 14 && n > 0; k++) main.prepend(post(--n, 'div')); }; more(); scrollTo(0, 1e6);\
    addEventListener('scroll', () => { if (scrollY < 100 && n > 0) setTimeout(more, 100); });";
/// The same in a part that begins at its lower end.
const REVERSED: &str = "const box = document.querySelector('#box'); let n = 0; const more = () => { for (let k = 0; k < 14 && n < N; k++) { const one = post(n++, 'div'); one.style.flex = 'none'; box.append(one); } }; more();\
    box.addEventListener('scroll', () => { if (box.scrollHeight + box.scrollTop - box.clientHeight < 300) setTimeout(more, 100); });";
/// Rows of pictures without a word in the one thing that looks like a post; what is out of view is taken out, and its height put into padding.
const GALLERY: &str = "const ROW = 200, rows = N / 3; const draw = () => { const a = Math.max(0, Math.floor((scrollY - 300) / ROW)), b = Math.min(rows, Math.ceil((scrollY + innerHeight + 300) / ROW));\
    main.innerHTML = ''; main.style.paddingTop = a * ROW + 'px'; main.style.paddingBottom = (rows - b) * ROW + 'px';\
    for (let r = a; r < b; r++) { const d = document.createElement('div'); d.style.cssText = `height:${ROW}px;display:flex`; for (let c = 0; c < 3; c++) { const i = r * 3 + c; d.innerHTML += `<a href=\"/p/${i}/\" style=\"width:300px;display:block\"><img width=30 height=30 src=\"/colour.png?n=${i}\">${block(i)}</a>`; } main.append(d); } };\
    addEventListener('scroll', draw); draw();";
/// What is far from the view is emptied, and keeps its place.
const HOLLOW: &str = "for (let i = 0; i < N; i++) { const one = post(i, NAME); one.dataset.n = i; one.style.height = '160px'; main.append(one); }\
    const io = new IntersectionObserver((all) => all.forEach(({ target, isIntersecting }) => { target.innerHTML = isIntersecting ? inner(Number(target.dataset.n)) : ''; }), { rootMargin: '300px' }); for (const one of main.children) io.observe(one);";
/// "Läs mer" leads to a page of the same document.
const ROUTES: &str = "const list = () => { main.innerHTML = ''; for (let i = 0; i < N; i++) { const one = post(i); one.innerHTML += '<button>Läs mer</button>'; one.querySelector('button').onclick = () => { history.pushState({}, '', `/nyhet/${i}`); main.innerHTML = '<h1>En nyhet</h1>'; }; main.append(one); } };\
    addEventListener('popstate', list); list();";
/// Buttons that are there before what they do.
const HYDRATED: &str = "let n = 0; const add = () => { for (let k = 0; k < 14 && n < N; k++, n++) main.append(post(n)); if (n >= N) m.remove(); }; const m = document.querySelector('#m'); add();\
    new IntersectionObserver((seen, io) => { if (seen[0].isIntersecting) { io.disconnect(); setTimeout(() => { m.onclick = add; }, 1500); } }).observe(m);";
/// A row that is scrolled sideways.
const SIDEWAYS: &str = "main.style.cssText = 'display:flex;overflow-x:auto;width:1200px'; for (let i = 0; i < N; i++) { const one = post(i, 'div'); one.style.cssText = 'flex:none;width:320px'; main.append(one); }";
/// Posts of the same few words, with pictures of their own.
const SAME_WORDS: &str = "d.innerHTML = `<h3>Dagens bild</h3><div style=\"height:40px;width:300px;background:${colour(r)}\"></div><img width=30 height=30 src=\"/colour.png?n=${r}\">`";
/// A page that asks for something every now and then, for ever.
const POLLING: &str =
    "for (let i = 0; i < N; i++) main.append(post(i)); setInterval(() => fetch('/batch'), 700);";

/// More of them, in an ordinary run every other one.
fn more_feeds() -> Vec<(&'static str, String, Option<u8>)> {
    let plain = "<main></main>";
    let cut = |style: &str| {
        format!("<div id=box style='height:100vh;{style}'></div><main hidden></main>")
    };
    let same = virtual_list("N", 180, SAME_WORDS)
        .replace("createElement('div')", "createElement('article')");
    vec![
        ("revealed", page(plain, REVEALED), None),
        ("upward", page(plain, UPWARD), None),
        (
            "reversed",
            page(
                &cut("overflow-y:auto;display:flex;flex-direction:column-reverse"),
                REVERSED,
            ),
            None,
        ),
        (
            "gallery",
            page("<article><h1>Bilder</h1><main></main></article>", GALLERY),
            Some(POSTS / 3),
        ),
        (
            "hollow posts",
            page(plain, &HOLLOW.replace("NAME", "'article'")),
            Some(POSTS),
        ),
        (
            "hollow",
            page(plain, &HOLLOW.replace("NAME", "'div'")),
            Some(POSTS),
        ),
        ("routes", page(plain, ROUTES), Some(POSTS)),
        (
            "hydrated",
            page(
                "<main></main><button id=m>Visa fler inlägg</button>",
                HYDRATED,
            ),
            Some(POSTS),
        ),
        ("sideways", page(plain, SIDEWAYS), None),
        ("same words", page(plain, &same), Some(POSTS)),
        (
            "hidden box",
            page(&cut("overflow:hidden"), SCROLLED),
            Some(POSTS),
        ),
        (
            "contained",
            page(&cut("overflow-y:auto;contain:strict"), SCROLLED),
            Some(POSTS),
        ),
        ("polling", page(plain, POLLING), Some(POSTS)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_taken_whole_however_they_are_built() {
    let server = Pages::start();
    let mut rig = Rig::start().await;
    let mut wrong = Vec::new();
    let all = feeds().into_iter().chain(more_feeds()).enumerate();
    let taken = all.filter(|(number, _)| crate::support::is_campaign() || number % 2 == 0);
    for (name, html, posts) in taken.map(|(_, feed)| feed) {
        let path = format!("/{}", name.replace(' ', "-"));
        server.show(&path, html);
        let (page, raw) = rig.take(&server.url(&path)).await;
        let seen = colours(&page, &raw);
        let missing = (0..POSTS)
            .filter(|i| !seen.contains(&[40 + i * 3, 90, 200 - i]))
            .count();
        let told = posts.map_or(0, u32::from);
        if verdict(&page) != (Verdict::Complete, Vec::new())
            || missing > 0
            || [page.counts.dom, page.counts.text, page.counts.inventory] != [told; 3]
        {
            wrong.push(format!(
                "{name}: {:?}, {:?}, {missing} not in the pictures",
                verdict(&page),
                page.counts
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_or_left_on_the_way_is_seen_and_what_ticks_is_no_loss() {
    let server = Pages::start();
    let mut rig = Rig::start().await;
    // A story in six panels that stay where they are: nothing of it can be put together again.
    let story = "main.style.minHeight = '9000px'; for (let i = 0; i < 6; i++) main.append(document.createElement('p')); const tell = () => { for (const [i, one] of [...main.children].entries()) one.textContent = `Del ${Math.floor(scrollY / 400)} av berättelsen, stycke ${i}`; }; addEventListener('scroll', tell); tell();";
    server.show("/lost", page("<main></main>", story));
    let (lost, _) = rig.take(&server.url("/lost")).await;
    let (worth, reasons) = verdict(&lost);
    assert!(
        worth == Verdict::Partial && reasons.contains(&Reason::TextMissing),
        "{:?}",
        lost.facts
    );
    // Headlines that change in one place are no list.
    let ticks = "for (let i = 0; i < 12; i++) main.append(post(i)); let k = 0; setInterval(() => { document.querySelector('#t').textContent = `Rubrik nummer ${k++} av alla rubriker`; }, 50)";
    server.show("/ticks", page("<p id=t>Rubriker</p><main></main>", ticks));
    let (ticks, _) = rig.take(&server.url("/ticks")).await;
    assert_eq!(
        verdict(&ticks),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        ticks.facts
    );
    // A link to the rest that no script answers is not followed; a word in a menu is no word beside posts.
    let left = "for (let i = 0; i < 12; i++) main.append(post(i)); document.querySelector('#menu').onclick = () => main.remove();";
    server.show("/left", page("<nav><button id=menu>Visa fler</button></nav><main></main><a href='?page=2'>Visa fler inlägg</a>", left));
    let (left, _) = rig.take(&server.url("/left")).await;
    assert_eq!(
        (verdict(&left).0, left.counts.inventory),
        (Verdict::Complete, 12),
        "{:?}",
        left.facts
    );
    assert_eq!(left.final_url, server.url("/left"));
    assert!(
        !server.asked().iter().any(|path| path.contains("page=2")),
        "{:?}",
        server.asked()
    );
    rig.browser.close().await;
}

/// Pages without posts that stand where the account's page ought to be, and some that only look like it.
const WORDS: [(&str, &str, Option<Reason>); 34] = [
    (
        "<h1>Tyvärr, sidan du söker finns inte längre.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Hoppsan! Vi kunde inte hitta sidan.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Något gick snett. Försök igen senare.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>För många förfrågningar. Vänta en stund.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Kontot har tagits bort.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Vi har tekniska problem just nu.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Oops! This page could not be found.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Rate limit exceeded</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Den här kontosidan finns inte. Försök med en annan sökning.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Sidan är under underhåll</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Länken du följde kan vara trasig, eller så kan sidan ha tagits bort.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Sorry, this page isn’t available.</h1>",
        "",
        Some(Reason::NotAvailable),
    ),
    (
        "<h1>Det här kontot är privat</h1><p>Följ kontot för att se foton.</p>",
        "<button>Följ</button>",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>De här inläggen är skyddade</h1><p>Endast godkända följare kan se dem.</p>",
        "",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>Legitimera dig</h1>",
        "<button>Mobilt BankID</button>",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<p>Du måste vara medlem för att se gruppens inlägg.</p>",
        "<button>Gå med</button>",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>Logga in för att bekräfta din ålder</h1>",
        "<button>Logga in</button>",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>Nytt</h1><p>Ingress.</p><h2>Logga in för att läsa mer</h2>",
        "",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>Logga in</h1><p>Ange din e-postadress</p>",
        "<form><input type=email autocomplete=username><button>Nästa</button></form>",
        Some(Reason::NotLoggedIn),
    ),
    (
        "<h1>This account is private</h1>",
        "",
        Some(Reason::NotLoggedIn),
    ),
    // As short, and the account's own page all the same.
    (
        "<h1>Inga inlägg ännu</h1>",
        "<a href=/>Till startsidan</a>",
        None,
    ),
    (
        "<h1>Exempelkommun</h1><p>Sidan uppdateras inte längre. Följ oss i stället på kommunens webbplats.</p>",
        "",
        None,
    ),
    (
        "<h1>Exempelkommun</h1><p>Kontot sköts av kommunikationsenheten. Det finns inte alltid någon som svarar.</p>",
        "",
        None,
    ),
    (
        "<h1>Simhallen</h1><p>Biljetter finns inte längre att köpa i kassan.</p>",
        "<button>Logga in</button>",
        None,
    ),
    (
        "<h1>Prenumerera på nyheter</h1>",
        "<form><input type=email autocomplete=email><button>Prenumerera</button></form>",
        None,
    ),
    (
        "<h1>Lekplatsen</h1><p>Gungorna har tagits bort och nya kommer i maj.</p>",
        "",
        None,
    ),
    (
        "<h1>Grupp för föräldrar</h1><p>Medlemmar och andra är välkomna på torsdag.</p>",
        "",
        None,
    ),
    (
        "<h1>Skyddade träd</h1><p>Almarna vid kyrkan är skyddade.</p>",
        "",
        None,
    ),
    (
        "<h1>Vägen är avstängd</h1><p>Storgatan är avstängd till fredag.</p>",
        "",
        None,
    ),
    (
        "<h1>Page for visitors</h1><p>Tickets are not sold at the door.</p>",
        "",
        None,
    ),
    (
        "<h1>Driftstörning i telefonväxeln</h1><p>Vi har fel på telefonerna.</p>",
        "",
        None,
    ),
    (
        "<h1>Hitta hit</h1><p>Parkering finns inte vid badet.</p>",
        "",
        None,
    ),
    (
        "<h1>Bygglov</h1><p>Så söker du bygglov med e-legitimation.</p>",
        "",
        None,
    ),
    (
        "<h1>Underhåll av vägar</h1><p>Underhåll görs varje vår.</p>",
        "",
        None,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn words_tell_what_is_no_page_of_the_account() {
    let server = Pages::start();
    let mut rig = Rig::start().await;
    let mut wrong = Vec::new();
    let foot = "Svenska · English · Norsk · Dansk · Suomi · Deutsch · Français · ".repeat(40);
    for (number, (words, more, reason)) in WORDS.into_iter().enumerate() {
        let path = format!("/{number}");
        // What every page of a site has below makes no short page a long one.
        server.show(&path, format!("<!DOCTYPE html><html lang=sv><meta charset=utf-8><title>Exempel</title><header>Exempel</header><main>{words}{more}</main><footer>{foot}</footer></html>"));
        let (page, _) = rig.take(&server.url(&path)).await;
        let expected = match reason {
            Some(reason) => (Verdict::Failed, vec![reason]),
            None => (Verdict::Complete, Vec::new()),
        };
        if verdict(&page) != expected {
            wrong.push(format!("{words}: {:?}", verdict(&page)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rig.browser.close().await;
}
