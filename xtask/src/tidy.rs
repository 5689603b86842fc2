//! `cargo xtask tidy`: rules of the code that no compiler knows (docs/ARCHITECTURE.md, Invariants). Each is a text that
//! may stand in some places only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{root, say};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 7] = ["target", "node_modules", "dist", "dist-sdk", "data", "coverage", "test-results"];

/// Lines that a source file has at most, and one that starts a process.
const MOST_LINES: (usize, usize) = (500, 60);

/// What may not stand where.
struct Rule {
    why: &'static str,
    /// Where it holds: files below one of these.
    within: &'static [&'static str],
    /// Where it does not.
    except: &'static [&'static str],
    /// Endings of the files that are looked at.
    endings: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const SERVICES: &[&str] = &["core-service/src/", "ws-gateway/src/", "process/src/"];

const RULES: &[Rule] = &[
    Rule {
        why: "SQL stays in the store",
        within: SERVICES,
        except: &["core-service/src/store/"],
        endings: &[".rs"],
        forbidden: &["rusqlite", "deadpool_sqlite"],
    },
    Rule {
        why: "gRPC stays at the edge of the core",
        within: &["core-service/src/"],
        except: &["core-service/src/rpc/", "core-service/src/lib.rs", "core-service/src/main.rs"],
        endings: &[".rs"],
        forbidden: &["tonic::", "tonic_", "chat_proto"],
    },
    Rule {
        why: "the domain does no I/O",
        within: &["core-service/src/domain/"],
        except: &[],
        endings: &[".rs"],
        forbidden: &["tokio", "std::fs", "std::net", "std::io"],
    },
    Rule {
        why: "messages become JSON in the gateway only",
        within: &["core-service/src/"],
        except: &[],
        endings: &[".rs"],
        forbidden: &["serde_json"],
    },
    Rule {
        why: "no channel without bound",
        within: SERVICES,
        except: &[],
        endings: &[".rs"],
        forbidden: &["unbounded"],
    },
    Rule {
        why: "no task that the stop does not know",
        within: SERVICES,
        except: &["process/src/shutdown.rs"],
        endings: &[".rs"],
        forbidden: &["tokio::spawn(", "task::spawn(", "thread::spawn(", "thread::Builder"],
    },
    Rule {
        why: "faults are planted by name alone",
        within: &[""],
        except: &[],
        endings: &["Cargo.toml"],
        forbidden: &["default = [", "[\"planted\"", "[\"sabotage\""],
    },
    Rule {
        why: "what is unfinished is an issue, not a comment",
        within: &[""],
        except: &["xtask/src/tidy.rs"],
        endings: &[".rs", ".ts", ".tsx", ".css", ".proto", ".sql"],
        forbidden: &["TODO", "FIXME", "XXX", "#[ignore", ".only(", ".skip("],
    },
];

/// Checks all rules. Errors: each line that breaks one.
pub(crate) fn run() -> Result<()> {
    let mut files = Vec::new();
    collect(&root(), &mut files)?;
    let mut broken = Vec::new();
    for path in &files {
        let name = path.strip_prefix(root())?.display().to_string();
        let Ok(text) = fs::read_to_string(path) else { continue };
        broken.extend(RULES.iter().flat_map(|rule| rule.breaches(&name, &text)));
        broken.extend(too_long(&name, &text));
        broken.extend(dead_links(path, &name, &text));
    }
    if broken.is_empty() {
        say(&format!("{} files are tidy", files.len()));
        return Ok(());
    }
    bail!("{}", broken.join("\n"))
}

impl Rule {
    fn breaches(&self, name: &str, text: &str) -> Vec<String> {
        let applies = self.within.iter().any(|folder| name.starts_with(folder))
            && !self.except.iter().any(|folder| name.starts_with(folder))
            && self.endings.iter().any(|ending| name.ends_with(ending));
        if !applies {
            return Vec::new();
        }
        let lines = text.lines().enumerate().filter(|(_, line)| self.forbidden.iter().any(|word| line.contains(word)));
        lines.map(|(index, line)| format!("{name}:{}: {}: {}", index + 1, self.why, line.trim())).collect()
    }
}

fn too_long(name: &str, text: &str) -> Option<String> {
    let source = [".rs", ".ts", ".tsx", ".css"].iter().any(|ending| name.ends_with(ending));
    let most = if name.ends_with("src/main.rs") { MOST_LINES.1 } else { MOST_LINES.0 };
    let lines = text.lines().count();
    (source && lines > most).then(|| format!("{name}: {lines} lines, more than {most}: is there a second idea in it?"))
}

/// Links of a Markdown file to files that are not there.
fn dead_links(path: &Path, name: &str, text: &str) -> Vec<String> {
    if !name.ends_with(".md") {
        return Vec::new();
    }
    let folder = path.parent().unwrap_or(path);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let dead = local.filter(|target| !folder.join(target.split('#').next().unwrap_or(target)).exists());
    dead.map(|target| format!("{name}: a link to {target}, which is not there")).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), files)?;
            }
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_the_line_and_the_reason() {
        let breaches = RULES[0].breaches("core-service/src/rpc/chat.rs", "//! x\nuse rusqlite::Row;\n");
        assert_eq!(breaches, ["core-service/src/rpc/chat.rs:2: SQL stays in the store: use rusqlite::Row;"]);
        assert!(RULES[0].breaches("core-service/src/store/rooms.rs", "use rusqlite::Row;").is_empty());
    }

    #[test]
    fn long_files_and_dead_links_are_named() {
        assert!(too_long("core-service/src/main.rs", &"x\n".repeat(61)).is_some());
        assert!(too_long("core-service/src/lib.rs", &"x\n".repeat(61)).is_none());
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("there.md"), "").unwrap();
        let text = "[a](there.md#part) [b](https://example.com) [c](gone.md)";
        let dead = dead_links(&dir.path().join("README.md"), "README.md", text);
        assert_eq!(dead, ["README.md: a link to gone.md, which is not there"]);
    }
}
