//! Progress of long work, on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for `what`, hidden where nobody looks or `quiet` asks for it.
pub(crate) fn bar(what: &str, quiet: bool) -> ProgressBar {
    styled(what, quiet, "{msg} [{wide_bar}] {pos}/{len} {elapsed} (left: {eta})")
}

fn styled(what: &str, quiet: bool, template: &str) -> ProgressBar {
    let bar = ProgressBar::no_length().with_message(what.to_owned());
    bar.set_draw_target(if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(10)
    });
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Told how far the work is, and how far it goes.
pub(crate) type Told<'a> = dyn FnMut(u64, u64) + 'a;

/// Does something under a bar.
pub(crate) fn during<T>(what: &str, quiet: bool, work: impl FnOnce(&mut Told<'_>) -> T) -> T {
    let bar = bar(what, quiet);
    let done = work(&mut told(&bar));
    bar.finish_and_clear();
    done
}

/// Copies something and checks the copy, under a bar each.
pub(crate) fn during_copy<T>(quiet: bool, work: impl FnOnce(&mut Told<'_>, &mut Told<'_>) -> T) -> T {
    let copying =
        styled("copying", quiet, "{msg} [{wide_bar}] {bytes}/{total_bytes} {elapsed} (left: {eta})");
    let done = during("verifying the copy", quiet, |checking| work(&mut told(&copying), checking));
    copying.finish_and_clear();
    done
}

/// Tells a bar how far the work is.
fn told(bar: &ProgressBar) -> impl FnMut(u64, u64) {
    |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    }
}
