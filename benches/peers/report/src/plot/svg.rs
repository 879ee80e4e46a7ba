//! What is done to an SVG after it is drawn.

use super::INK;

/// Gives a drawing its title and the ink of the page that it is on.
pub(crate) fn finish(drawn: &str, title: &str) -> String {
    let ink = format!("#{:02X}{:02X}{:02X}", INK.0, INK.1, INK.2);
    let svg = drawn.replace(&ink, "currentColor");
    // The tag of the root ends at the first bracket.
    let (root, rest) = svg.split_once('>').unwrap_or((&svg, ""));
    let title = maud::html! { title { (title) } }.into_string();
    format!("{root} role=\"img\">{title}{rest}")
}

/// The style that a drawing needs where no page gives it one.
pub(crate) fn standalone(svg: &str) -> String {
    const STYLE: &str = "<style>svg{color:#1f2328}@media (prefers-color-scheme:dark){svg{color:#e6edf3}}</style>";
    let (root, rest) = svg.split_once('>').unwrap_or((svg, ""));
    format!("{root}>{STYLE}{rest}\n")
}
