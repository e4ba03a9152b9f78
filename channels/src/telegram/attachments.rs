//! Media by reference: file ids, which hold no token, and plain URIs for what has no file.

use super::update::{File, Media};
use rookery_domain::message::Attachment;

/// Everything that a message carries besides text.
pub(super) fn attachments(media: &Media) -> Vec<Attachment> {
    let mut found = Vec::new();
    // The same picture in several sizes: the largest stands for all.
    let largest = media.photo.iter().max_by_key(|size| size.width * size.height);
    found.extend(largest.map(|size| file("image", size)));
    for (kind, one) in [
        ("voice", &media.voice),
        ("audio", &media.audio),
        ("video", &media.video),
        ("video", &media.video_note),
        ("video", &media.animation),
        ("sticker", &media.sticker),
    ] {
        found.extend(one.as_ref().map(|one| file(kind, one)));
    }
    // An animation comes a second time as a document, for old clients.
    if media.animation.is_none() {
        found.extend(media.document.as_ref().map(|one| file("document", one)));
    }
    found.extend(without_file(media));
    found
}

fn file(kind: &str, file: &File) -> Attachment {
    Attachment {
        kind: kind.to_owned(),
        reference: file.file_id.clone(),
        file_name: file.file_name.clone(),
        declared_type: file.mime_type.clone(),
        size_bytes: file.file_size,
    }
}

fn without_file(media: &Media) -> impl Iterator<Item = Attachment> {
    let location = media.location.as_ref().map(|location| {
        let title = media.venue.as_ref().map(|venue| venue.title.clone());
        let place = format!("geo:{},{}", location.latitude, location.longitude);
        reference("location", place, title)
    });
    let contact = media.contact.as_ref().map(|contact| {
        let name = full_name(&contact.first_name, contact.last_name.as_deref());
        reference("contact", format!("tel:{}", contact.phone_number), name)
    });
    let poll = media
        .poll
        .as_ref()
        .map(|poll| reference("poll", poll.id.clone(), Some(poll.question.clone())));
    let dice = media
        .dice
        .as_ref()
        .map(|dice| reference("dice", format!("{}:{}", dice.emoji, dice.value), None));
    [location, contact, poll, dice].into_iter().flatten()
}

fn reference(kind: &str, reference: String, name: Option<String>) -> Attachment {
    Attachment {
        kind: kind.to_owned(),
        reference,
        file_name: name,
        declared_type: None,
        size_bytes: None,
    }
}

/// First and last name, if there is any.
pub(super) fn full_name(first: &str, last: Option<&str>) -> Option<String> {
    let name = format!("{first} {}", last.unwrap_or_default());
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
