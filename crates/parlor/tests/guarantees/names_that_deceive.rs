//! Names of rooms are what they look like: nothing in them is invisible, turns the text around or hides which of two
//! rooms this is; their length is counted in characters.

use parlor_testing::{Answer, Parlor, Person};
use serde_json::json;

async fn creates(person: &Person, name: &str) -> Answer {
    person.posts("/api/rooms", json!({"name": name, "kind": "public"})).await
}

#[tokio::test]
async fn what_hides_or_turns_text_is_in_no_name() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let forbidden = [
        // control
        "\0",
        "\u{1}",
        "\t",
        "\n",
        "\r",
        "\u{b}",
        "\u{1b}",
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{9b}",
        // direction
        "\u{61c}",
        "\u{200e}",
        "\u{200f}",
        "\u{202a}",
        "\u{202b}",
        "\u{202c}",
        "\u{202d}",
        "\u{202e}",
        "\u{2066}",
        "\u{2067}",
        "\u{2068}",
        "\u{2069}",
        "\u{206a}",
        "\u{206f}",
        // no width
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{2060}",
        "\u{2061}",
        "\u{2064}",
        "\u{feff}",
        "\u{ad}",
        "\u{34f}",
        "\u{180e}",
        "\u{115f}",
        "\u{1160}",
        "\u{3164}",
        "\u{ffa0}",
        "\u{2800}",
        "\u{17b4}",
        "\u{fe00}",
        "\u{e0100}",
        // lines of their own, tags, and what means nothing to anybody else
        "\u{2028}",
        "\u{2029}",
        "\u{e0001}",
        "\u{e0041}",
        "\u{e007f}",
        "\u{fff9}",
        "\u{e000}",
        "\u{ffff}",
        "\u{10ffff}",
    ];
    for hidden in forbidden {
        for name in [format!("a{hidden}b"), format!("{hidden}a{hidden}b{hidden}"), format!("general{hidden}x")] {
            creates(&carlos, &name).await.refuses(422, "invalid_room_name");
        }
    }
    for blank in ["", " ", "\u{a0}", "\u{3000}\u{2003}\u{2009}", "\u{200b}", "\u{3164}"] {
        creates(&carlos, blank).await.refuses(422, "invalid_room_name");
    }
    assert_eq!(carlos.rooms().await.len(), 1);
}

#[tokio::test]
async fn two_spellings_of_one_look_are_one_name() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for (name, shown, same) in [
        // Composed and decomposed, in either order.
        ("Cafe\u{301}", "Café", vec!["Café", "CAFÉ", "cafe\u{301}", "  café  "]),
        ("\u{1100}\u{1161}\u{11a8}", "각", vec!["\u{ac01}"]),
        ("a\u{323}\u{307}", "ạ̇", vec!["a\u{307}\u{323}", "A\u{307}\u{323}"]),
        ("\u{212b}ngstrom", "Ångstrom", vec!["\u{c5}ngstrom", "a\u{30a}NGSTROM"]),
        // Gaps of any width and number, at the ends none.
        ("\u{3000}two words\u{2003}", "two words", vec!["two\u{a0}words", "Two\u{2003}\u{2009} Words", "two   words"]),
        ("Straße", "Straße", vec!["STRASSE", "strasse", "STRAẞE"]),
    ] {
        let room: parlor_protocol::http::Room = creates(&carlos, name).await.expect(201).json();
        assert_eq!(room.name, shown);
        for again in same {
            creates(&carlos, again).await.refuses(409, "room_exists");
        }
    }
}

#[tokio::test]
async fn eighty_characters_are_eighty_scalar_values_of_the_composed_name() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    // Bytes, UTF-16 units and what a person calls a letter are all counted differently.
    for one in ["x", "é", "世", "😀", "o\u{308}"] {
        creates(&carlos, &one.repeat(81)).await.refuses(422, "invalid_room_name");
        creates(&carlos, &one.repeat(80)).await.expect(201);
        creates(&carlos, &format!("  {}\u{2003}", one.repeat(79))).await.expect(201);
    }
    // A flood of marks over one letter counts mark by mark, in a name as in a body as large as may be.
    creates(&carlos, &format!("e{}", "\u{316}".repeat(80))).await.refuses(422, "invalid_room_name");
    creates(&carlos, &"\u{316}".repeat(60_000)).await.refuses(422, "invalid_room_name");
    creates(&carlos, &format!("e{}", "\u{316}\u{301}".repeat(30_000))).await.refuses(422, "invalid_room_name");
    // The longest compositions there are grow eighteenfold at most.
    creates(&carlos, &"\u{fdfa}".repeat(40_000)).await.refuses(422, "invalid_room_name");
}

#[tokio::test]
async fn usernames_have_no_second_spelling() {
    let parlor = Parlor::starts().await;
    for wrong in ["c\u{430}rlos", "carlos\u{200b}", "carlo\u{17f}", "ｃarlos", "carlos\0", "car\u{ad}los"] {
        parlor.tries_to_log_in(wrong, "1234").await.refuses(401, "invalid_credentials");
    }
    assert_eq!(parlor.log_in(" Carlos ").await.account, parlor.log_in("carlos").await.account);
}
