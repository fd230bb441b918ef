//! QuickJS, one instance per run, with limits of memory, stack and steps; nothing of this machine can be reached from it.
//!
//! Steps are counted by the engine's own interrupt: what fits once fits always. A step may go over a megabyte, though, so a clock
//! ends what takes absurdly long.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Error, Function, Runtime};

use super::Limits;
use super::exchange::Answer;
use crate::base::limits::{SCRIPT_STACK, SCRIPT_STEPS_PER_LOOK, SCRIPT_STEPS_PER_SECOND, SCRIPT_TIME_LEAST};

/// What the user's script is called in the places of errors.
const SCRIPT: &str = "script";

/// What calls the functions of the user's script.
const CALLER: &str = r#"
(function () {
  const logged = [];
  globalThis.console = { log: (...all) => { if (logged.length < 100) logged.push(all.map(String).join(" ").slice(0, 500)); } };
  globalThis.__refeed = function (json) {
    const given = JSON.parse(json);
    const now = (answer, name) => {
      if (answer !== null && typeof answer === "object" && typeof answer.then === "function")
        throw new Error("`" + name + "` is an async function, whose answer would have to be waited for: leave `async` out");
      return answer;
    };
    const call = (one) => {
      let answer;
      if (typeof globalThis.item === "function") answer = globalThis.item(one, given);
      else if (typeof globalThis.modify_post === "function") answer = globalThis.modify_post(given, one);
      return now(answer, "item") === undefined ? one : answer;
    };
    given.items = given.items.map(call).filter((one) => one);
    let answer = given;
    for (const name of ["feed", "modify_feed"]) {
      if (typeof globalThis[name] === "function") {
        const made = now(globalThis[name](answer), name);
        answer = made === undefined ? answer : made;
      }
    }
    return JSON.stringify({ feed: answer, logged });
  };
})();
"#;

/// Whether the script can be read and defines a function that is called.
pub(super) fn check(code: &str, limits: Limits) -> Result<(), String> {
    within(code, limits, |ctx| {
        let defines = |name| ctx.globals().get::<_, Option<Function<'_>>>(name).is_ok_and(|it| it.is_some());
        if ["item", "feed", "modify_post", "modify_feed"].into_iter().any(defines) {
            Ok(())
        } else {
            Err("it defines neither `item` nor `feed`: write `function item(item, feed) { … return item }`".to_owned())
        }
    })
}

/// Hands `json`, a feed, to the script's functions.
pub(super) fn run(code: &str, limits: Limits, json: &str) -> Result<Answer, String> {
    within(code, limits, |ctx| {
        let caller: Function<'_> = ctx.globals().get("__refeed").map_err(|error| describe(ctx, &error))?;
        let answer: String = caller.call((json,)).map_err(|error| describe(ctx, &error))?;
        Answer::read(&answer)
    })
}

fn within<T>(code: &str, limits: Limits, work: impl FnOnce(&Ctx<'_>) -> Result<T, String>) -> Result<T, String> {
    let failed = |error: Error| format!("the engine cannot start: {error}");
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(SCRIPT_STACK);
    let mut looks = limits.steps / SCRIPT_STEPS_PER_LOOK;
    let most = Duration::from_secs(limits.steps / SCRIPT_STEPS_PER_SECOND).max(SCRIPT_TIME_LEAST);
    let (started, is_late) = (Instant::now(), Rc::new(Cell::new(false)));
    let late = Rc::clone(&is_late);
    runtime.set_interrupt_handler(Some(Box::new(move || {
        looks = looks.saturating_sub(1);
        late.set(started.elapsed() > most);
        looks == 0 || late.get()
    })));
    let context = Context::full(&runtime).map_err(failed)?;
    context
        .with(|ctx| {
            // the names tell a place in the user's script from one in ours
            for (name, code) in [("refeed", CALLER), (SCRIPT, code)] {
                let mut options = EvalOptions::default();
                options.filename = Some(name.to_owned());
                ctx.eval_with_options::<(), _>(code, options).map_err(|error| describe(&ctx, &error))?;
            }
            work(&ctx)
        })
        .map_err(|why| match is_late.get() {
            true => {
                format!("it takes more than {} s (each of its steps goes over much text)", most.as_secs())
            }
            false => why,
        })
}

/// The error with the line and column of the script.
fn describe(ctx: &Ctx<'_>, error: &Error) -> String {
    if !matches!(error, Error::Exception) {
        return error.to_string();
    }
    let caught = ctx.catch();
    let Some(exception) = caught.as_exception() else {
        if caught.is_null() {
            return "it takes more than `memory` allows, or threw `null`".to_owned(); // no memory even for an error
        }
        let text = caught.as_string().and_then(|text| text.to_string().ok());
        return format!("it threw {}", text.unwrap_or_else(|| "something that is no error".to_owned()));
    };
    let message = exception.message().unwrap_or_default();
    let message = match message.as_str() {
        "interrupted" => "it takes more than `steps` allows",
        "out of memory" => "it takes more than `memory` allows",
        other => other,
    };
    let stack = exception.stack().unwrap_or_default();
    // `at item (script:3:7)`, and `script:3:7` where it is no function
    let place = stack.lines().find_map(|line| {
        let at = line.split_once(&format!("{SCRIPT}:"))?.1;
        let (line, column) = at.trim_end_matches(')').split_once(':')?;
        Some(format!("line {}, column {}: ", line.parse::<u32>().ok()?, column.parse::<u32>().ok()?))
    });
    format!("{}{message}", place.unwrap_or_default())
}
