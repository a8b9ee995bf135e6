//! Progress of long work, on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for `what`, hidden where nobody looks or `quiet` asks for it.
pub(crate) fn bar(what: &str, quiet: bool) -> ProgressBar {
    styled(what, quiet, "{msg} [{wide_bar}] {pos}/{len} {elapsed} (left: {eta})")
}

/// A bar for bytes.
pub(crate) fn bytes(what: &str, quiet: bool) -> ProgressBar {
    styled(what, quiet, "{msg} [{wide_bar}] {bytes}/{total_bytes} {elapsed} (left: {eta})")
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

/// Tells a bar how far the work is.
pub(crate) fn told(bar: &ProgressBar) -> impl FnMut(u64, u64) {
    |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    }
}
