//! What stands above a post in its thread. A short answer is only as harmless as what it answers: "ja, det stämmer" says
//! whatever the question said. So a `nej` to secrecy holds only where everything above holds.

use std::collections::BTreeMap;

use crate::model::facts::{Answer, Flag, Truth};

/// Version of this rule.
pub(crate) const VERSION: &str = "trad/1";

/// Reasons of the kinds that say nothing of themselves: their meaning is that of the post above.
const LEANING: &[&str] = &["harmless-emoji", "harmless-tagging", "harmless-greeting"];

/// Whether what is written below a post with these answers may be read by itself. A post by others must be cleared; one
/// by the municipality must name no danger, for its announcements hold many words that no harmless vocabulary has.
pub fn lets_pass(above: &BTreeMap<Flag, Answer>, by_authority: bool) -> bool {
    let Some(answer) = above.get(&Flag::Sekretess) else {
        return false;
    };
    match answer.value {
        Truth::No => true,
        Truth::Yes => false,
        Truth::Unknown => {
            by_authority && answer.by != "person" && !answer.because.starts_with("stem")
        }
    }
}

/// Turns a `nej` to secrecy into unknown, because of what stands above or because that is not there to be read.
pub fn hold(answers: &mut BTreeMap<Flag, Answer>, because: &str) {
    if let Some(answer) = answers.get_mut(&Flag::Sekretess)
        && answer.value == Truth::No
        && answer.by != "person"
    {
        VERSION.clone_into(&mut answer.by);
        answer.value = Truth::Unknown;
        because.clone_into(&mut answer.because);
    }
}

/// Whether a post takes its meaning from what it answers, so that it is unknown where that is not there.
pub fn leans(answers: &BTreeMap<Flag, Answer>) -> bool {
    answers.get(&Flag::Sekretess).is_some_and(|answer| {
        answer.value == Truth::No && LEANING.contains(&answer.because.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::answers_for_text;

    fn answers(text: &str, by_authority: bool) -> BTreeMap<Flag, Answer> {
        answers_for_text(text, by_authority, true)
    }

    #[test]
    fn only_what_is_cleared_lets_pass_and_announcements_unless_they_name_a_danger() {
        assert!(lets_pass(&answers("När öppnar badhuset?", false), false));
        assert!(!lets_pass(&answers("Är hon kvar hos er?", false), false));
        assert!(!lets_pass(&answers("Mamma har demens", false), false));
        let unlisted = answers("Vi presenterar årets stipendiat i kvarnverkstaden.", true);
        assert!(lets_pass(&unlisted, true));
        assert!(!lets_pass(&unlisted, false));
        assert!(!lets_pass(
            &answers("Anhörigträff vid demens på torsdag", true),
            true
        ));
    }

    #[test]
    fn what_stands_below_is_unknown_and_a_persons_answer_stays() {
        let mut own = answers("Tack!", false);
        assert!(leans(&own));
        hold(&mut own, "post-above-not-cleared");
        assert_eq!(own[&Flag::Sekretess].value, Truth::Unknown);
        assert_eq!(own[&Flag::Sekretess].by, VERSION);
        let person = Answer {
            value: Truth::No,
            by: "person".to_owned(),
            because: "p1".to_owned(),
        };
        let mut own = BTreeMap::from([(Flag::Sekretess, person.clone())]);
        hold(&mut own, "post-above-not-cleared");
        assert_eq!(own[&Flag::Sekretess], person);
    }
}
