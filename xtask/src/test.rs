//! `cargo xtask test`: everything that has to hold, the quick checks first, up to a real browser.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::command::{cargo, execute, first_line, program, root, say};
use crate::{chromium, planted, tidy, tools, web};

/// Runs every step, and stops at the first that fails.
pub(crate) fn run() -> Result<()> {
    let began = Instant::now();
    step("tools", tools::check)?;
    step("format", || execute(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("web: build", web::build)?;
    scripts(web::WEB, &["size", "lint", "format:check", "typecheck", "test"])?;
    step("e2e: install", || web::install(web::E2E))?;
    scripts(web::E2E, &["lint", "format:check", "typecheck"])?;
    step("clippy", clippy)?;
    step("rustdoc", rustdoc)?;
    step("binaries", || execute(&mut cargo(&["build", "--workspace", "--bins"])))?;
    scripts(web::E2E, &["test:config"])?;
    step("Rust tests", rust_tests)?;
    step("torture", torture)?;
    step("planted faults", || planted::attack_all(&planted::Args::default()))?;
    scripts(web::E2E, &["test:protocol"])?;
    step("e2e: test:browser", || {
        let browser = chromium::find_or_install()?;
        execute(web::npm(web::E2E, &["run", "test:browser"]).env("CHROMIUM", browser))
    })?;
    say(&format!("\neverything holds, after {} s", began.elapsed().as_secs()));
    Ok(())
}

fn scripts(folder: &str, names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| step(&format!("{folder}: {name}"), || web::script(folder, name)))
}

/// A heading, the work, and how long it took.
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    say(&format!("\n== {name}"));
    let began = Instant::now();
    work().with_context(|| format!("step `{name}`"))?;
    say(&format!("== {name}: {:.1} s", began.elapsed().as_secs_f64()));
    Ok(())
}

fn clippy() -> Result<()> {
    execute(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn rustdoc() -> Result<()> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    execute(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Half a minute of kills, freezes and bad networks, the same each time.
fn torture() -> Result<()> {
    let verify = root().join("target/debug/chat-verify");
    execute(&mut program(&verify.display().to_string(), &["torture", "--seed", "5", "--minutes", "0.5"]))
}

fn rust_tests() -> Result<()> {
    if first_line("cargo-nextest", &["nextest", "--version"]).is_some() {
        return execute(&mut cargo(&["nextest", "run", "--workspace"]));
    }
    execute(&mut cargo(&["test", "--workspace"]))
}
