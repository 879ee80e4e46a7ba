//! The revision of a project's source, where git keeps it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Language;

/// The commit that the project's folder is at, with `-dirty` if files of the folder differ from it. `None` if git does not keep the
/// project's manifest, or is not there.
pub(super) fn of(folder: &Path, language: Language) -> Option<String> {
    let manifest = language.manifest();
    git(folder, &["ls-files", "--error-unmatch", "--", manifest])?;
    let commit = git(folder, &["rev-parse", "--verify", "HEAD"])?;
    let changed = git(folder, &["status", "--porcelain", "--", "."])?;
    let mark = if changed.is_empty() { "" } else { "-dirty" };
    Some(format!("{commit}{mark}"))
}

/// What git prints; `None` if it fails.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "core.fsmonitor=false"]).args(arguments);
    let output = git.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_project_that_git_keeps_has_the_revision_of_its_commit_and_others_have_none() {
        let folder = std::env::temp_dir().join(format!("callsign-revision-{}", std::process::id()));
        let project = folder.join("policies/quiet");
        std::fs::create_dir_all(&project).unwrap();
        std::fs::write(project.join("package.json"), "{}").unwrap();
        let javascript = || of(&project, Language::JavaScript);
        assert_eq!(javascript(), None);
        git(&folder, &["init", "--quiet"]).unwrap();
        assert_eq!(javascript(), None, "nobody has added it");
        git(&folder, &["add", "."]).unwrap();
        let commit = ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "x"];
        git(&folder, &commit).unwrap();
        let revision = javascript().unwrap();
        assert_eq!(Some(revision.clone()), git(&folder, &["rev-parse", "HEAD"]));
        assert_eq!(of(&project, Language::Rust), None);
        std::fs::write(folder.join("elsewhere"), "x").unwrap();
        assert_eq!(javascript().as_ref(), Some(&revision), "of another folder");
        std::fs::write(project.join("policy.js"), "x").unwrap();
        assert_eq!(javascript(), Some(format!("{revision}-dirty")));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
