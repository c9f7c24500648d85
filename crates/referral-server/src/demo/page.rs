//! The page at `/` while the demo host is mounted: the story, line by line.

use referral_http::html::{Page, escape};

/// Says what the demo is and how to play it, for a server at this URL.
pub(crate) fn landing(public_url: &str) -> Page {
    let steps: String =
        STORY.iter().map(|(why, line)| step(why, &line.replace("BASE", public_url))).collect();
    Page::new("referral: a demo", &format!("{INTRODUCTION}{steps}{CLOSING}"))
}

fn step(why: &str, line: &str) -> String {
    format!("<h3>{}</h3><pre>{}</pre>", escape(why), escape(line))
}

const INTRODUCTION: &str = "<h1>referral</h1><p>This server keeps referral programs: codes, referrals, credits, and a \
ledger that can be proven. Beside it runs a small company site, the <strong>demo host</strong>, which signs people up, \
sends them mail and takes their money, and tells this server so by its API, as your own site would. Ana shares a code, \
Ben signs up with it, confirms his e-mail and spends 50.00; Ben gets 10.00 of welcome credit, Ana 25.00. Play it in a \
shell:</p>";

const CLOSING: &str = "<p class=\"muted\">Every endpoint: <a href=\"/api/docs\">/api/docs</a>. The demo host is \
mounted by <code>serve --demo</code> only.</p>";

/// The story: why, and what to type.
const STORY: [(&str, &str); 7] = [
    (
        "Ana signs up",
        "ANA=$(curl -s BASE/demo/signup -H 'content-type: application/json' -d '{\"email\":\"ana@example.com\",\"password\":\"correct horse\"}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')",
    ),
    (
        "and asks for her code",
        "CODE=$(curl -s BASE/api/referral/code -H \"authorization: Bearer $ANA\" | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/'); echo $CODE",
    ),
    (
        "Ben signs up with it",
        "BEN=$(curl -s BASE/demo/signup -H 'content-type: application/json' -d '{\"email\":\"ben@example.com\",\"password\":\"battery staple\",\"ref\":\"'$CODE'\"}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')",
    ),
    (
        "finds a mail",
        "MAIL=$(curl -s BASE/demo/mailbox/ben@example.com | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')",
    ),
    (
        "and confirms his e-mail: 10.00 for him",
        "curl -s BASE/demo/verify -H 'content-type: application/json' -d '{\"token\":\"'$MAIL'\"}'",
    ),
    (
        "He spends 50.00: 25.00 for Ana",
        "curl -s BASE/demo/spend -H \"authorization: Bearer $BEN\" -H 'content-type: application/json' -d '{\"amount\":\"50.00\"}'",
    ),
    (
        "What each of them has",
        "for WHO in $ANA $BEN; do curl -s BASE/api/credits/balance -H \"authorization: Bearer $WHO\"; echo; done",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_every_step_for_this_server_and_cannot_be_led_into_markup() {
        let page = landing("http://localhost:8123/<b>");
        for (why, _) in STORY {
            assert!(page.as_str().contains(why), "{why}");
        }
        assert!(page.as_str().contains("curl -s http://localhost:8123/&lt;b&gt;/demo/signup"));
        assert!(!page.as_str().contains("BASE"));
    }
}
