package message

import (
	"strings"
	"testing"
)

// TestHighHalves holds the upper half of the charsets of one byte a character to Python's
// codecs (3.11), U+FFFD for a byte that has no character.
func TestHighHalves(t *testing.T) {
	for _, tt := range []struct {
		label string
		first int // the byte of the first character
		want  string
	}{
		{"iso-8859-2", 0xA0, "\u00A0Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u00ADŽŻ°ą˛ł´ľśˇ¸šşťź˝žżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"},
		{"iso-8859-3", 0xA0, "\u00A0Ħ˘£¤\uFFFDĤ§¨İŞĞĴ\u00AD\uFFFDŻ°ħ²³´µĥ·¸ışğĵ½\uFFFDżÀÁÂ\uFFFDÄĊĈÇÈÉÊËÌÍÎÏ\uFFFDÑÒÓÔĠÖ×ĜÙÚÛÜŬŜßàáâ\uFFFDäċĉçèéêëìíîï\uFFFDñòóôġö÷ĝùúûüŭŝ˙"},
		{"iso-8859-4", 0xA0, "\u00A0ĄĸŖ¤ĨĻ§¨ŠĒĢŦ\u00ADŽ¯°ą˛ŗ´ĩļˇ¸šēģŧŊžŋĀÁÂÃÄÅÆĮČÉĘËĖÍÎĪĐŅŌĶÔÕÖ×ØŲÚÛÜŨŪßāáâãäåæįčéęëėíîīđņōķôõö÷øųúûüũū˙"},
		{"iso-8859-5", 0xA0, "\u00A0ЁЂЃЄЅІЇЈЉЊЋЌ\u00ADЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя№ёђѓєѕіїјљњћќ§ўџ"},
		{"iso-8859-6", 0xA0, "\u00A0\uFFFD\uFFFD\uFFFD¤\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD،\u00AD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD؛\uFFFD\uFFFD\uFFFD؟\uFFFDءآأؤإئابةتثجحخدذرزسشصضطظعغ\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDـفقكلمنهوىي\u064B\u064C\u064D\u064E\u064F\u0650\u0651\u0652\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"iso-8859-7", 0xA0, "\u00A0‘’£€₯¦§¨©ͺ«¬\u00AD\uFFFD―°±²³΄΅Ά·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ\uFFFDΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ\uFFFD"},
		{"iso-8859-8", 0xA0, "\u00A0\uFFFD¢£¤¥¦§¨©×«¬\u00AD®¯°±²³´µ¶·¸¹÷»¼½¾\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD‗אבגדהוזחטיךכלםמןנסעףפץצקרשת\uFFFD\uFFFD\u200E\u200F\uFFFD"},
		{"iso-8859-10", 0xA0, "\u00A0ĄĒĢĪĨĶ§ĻĐŠŦŽ\u00ADŪŊ°ąēģīĩķ·ļđšŧž―ūŋĀÁÂÃÄÅÆĮČÉĘËĖÍÎÏÐŅŌÓÔÕÖŨØŲÚÛÜÝÞßāáâãäåæįčéęëėíîïðņōóôõöũøųúûüýþĸ"},
		{"iso-8859-13", 0xA0, "\u00A0”¢£¤„¦§Ø©Ŗ«¬\u00AD®Æ°±²³“µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž’"},
		{"iso-8859-14", 0xA0, "\u00A0Ḃḃ£ĊċḊ§Ẁ©ẂḋỲ\u00AD®ŸḞḟĠġṀṁ¶ṖẁṗẃṠỳẄẅṡÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏŴÑÒÓÔÕÖṪØÙÚÛÜÝŶßàáâãäåæçèéêëìíîïŵñòóôõöṫøùúûüýŷÿ"},
		{"iso-8859-15", 0xA0, "\u00A0¡¢£€¥Š§š©ª«¬\u00AD®¯°±²³Žµ¶·ž¹º»ŒœŸ¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"},
		{"iso-8859-16", 0xA0, "\u00A0ĄąŁ€„Š§š©Ș«Ź\u00ADźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ"},
		{"windows-1250", 0x80, "€\uFFFD‚\uFFFD„…†‡\uFFFD‰Š‹ŚŤŽŹ\uFFFD‘’“”•–—\uFFFD™š›śťžź\u00A0ˇ˘Ł¤Ą¦§¨©Ş«¬\u00AD®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"},
		{"windows-1251", 0x80, "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\uFFFD™љ›њќћџ\u00A0ЎўЈ¤Ґ¦§Ё©Є«¬\u00AD®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"},
		{"windows-1252", 0x80, "€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ\u00A0¡¢£¤¥¦§¨©ª«¬\u00AD®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"},
		{"windows-1253", 0x80, "€\uFFFD‚ƒ„…†‡\uFFFD‰\uFFFD‹\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD‘’“”•–—\uFFFD™\uFFFD›\uFFFD\uFFFD\uFFFD\uFFFD\u00A0΅Ά£¤¥¦§¨©\uFFFD«¬\u00AD®―°±²³΄µ¶·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ\uFFFDΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ\uFFFD"},
		{"windows-1254", 0x80, "€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFD\uFFFD\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFD\uFFFDŸ\u00A0¡¢£¤¥¦§¨©ª«¬\u00AD®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ"},
		{"windows-1255", 0x80, "€\uFFFD‚ƒ„…†‡ˆ‰\uFFFD‹\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD‘’“”•–—˜™\uFFFD›\uFFFD\uFFFD\uFFFD\uFFFD\u00A0¡¢£₪¥¦§¨©×«¬\u00AD®¯°±²³´µ¶·¸¹÷»¼½¾¿\u05B0\u05B1\u05B2\u05B3\u05B4\u05B5\u05B6\u05B7\u05B8\u05B9\u05BA\u05BB\u05BC\u05BD־\u05BF׀\u05C1\u05C2׃װױײ׳״\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDאבגדהוזחטיךכלםמןנסעףפץצקרשת\uFFFD\uFFFD\u200E\u200F\uFFFD"}, // 0xCA is Microsoft's
		{"windows-1256", 0x80, "€پ‚ƒ„…†‡ˆ‰ٹ‹Œچژڈگ‘’“”•–—ک™ڑ›œ\u200C\u200Dں\u00A0،¢£¤¥¦§¨©ھ«¬\u00AD®¯°±²³´µ¶·¸¹؛»¼½¾؟ہءآأؤإئابةتثجحخدذرزسشصض×طظعغـفقكàلâمنهوçèéêëىيîï\u064B\u064C\u064D\u064Eô\u064F\u0650÷\u0651ù\u0652ûü\u200E\u200Fے"},
		{"windows-1257", 0x80, "€\uFFFD‚\uFFFD„…†‡\uFFFD‰\uFFFD‹\uFFFD¨ˇ¸\uFFFD‘’“”•–—\uFFFD™\uFFFD›\uFFFD¯˛\uFFFD\u00A0\uFFFD¢£¤\uFFFD¦§Ø©Ŗ«¬\u00AD®Æ°±²³´µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙"},
		{"windows-1258", 0x80, "€\uFFFD‚ƒ„…†‡ˆ‰\uFFFD‹Œ\uFFFD\uFFFD\uFFFD\uFFFD‘’“”•–—˜™\uFFFD›œ\uFFFD\uFFFDŸ\u00A0¡¢£¤¥¦§¨©ª«¬\u00AD®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂĂÄÅÆÇÈÉÊË\u0300ÍÎÏĐÑ\u0309ÓÔƠÖ×ØÙÚÛÜƯ\u0303ßàáâăäåæçèéêë\u0301íîïđñ\u0323óôơö÷øùúûüư₫ÿ"},
		{"koi8-r", 0x80, "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u00A0⌡°²·÷═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"},
		{"koi8-u", 0x80, "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u00A0⌡°²·÷═║╒ёє╔ії╗╘╙╚╛ґў╞╟╠╡ЁЄ╣ІЇ╦╧╨╩╪ҐЎ©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"}, // 0xAE and 0xBE are KOI8-RU's, as browsers read them
		{"koi8-t", 0x80, "қғ‚Ғ„…†‡\uFFFD‰ҳ‹ҲҷҶ\uFFFDҚ‘’“”•–—\uFFFD™\uFFFD›\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDӯӮё¤ӣ¦§\uFFFD\uFFFD\uFFFD«¬\u00AD®\uFFFD°±²Ё\uFFFDӢ¶·\uFFFD№\uFFFD»\uFFFD\uFFFD\uFFFD©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"},
		{"kz1048", 0x80, "ЂЃ‚ѓ„…†‡€‰Љ‹ЊҚҺЏђ‘’“”•–—\uFFFD™љ›њқһџ\u00A0ҰұӘ¤Ө¦§Ё©Ғ«¬\u00AD®Ү°±Ііөµ¶·ё№ғ»әҢңүАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"},
		{"ptcp154", 0x80, "ҖҒӮғ„…ҶҮҲүҠӢҢҚҺҸҗ‘’“”•–—ҳҷҡӣңқһҹ\u00A0ЎўЈӨҘҰ§Ё©Ә«¬ӯ®Ҝ°ұІіҙө¶·ё№ә»јҪҫҝАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"},
		{"ibm437", 0x80, "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"cp737", 0x80, "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u00A0"},
		{"cp775", 0x80, "ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’\u00AD±“¾¶§÷„°∙·¹³²■\u00A0"},
		{"ibm850", 0x80, "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00AD±‗¾¶§÷¸°¨·¹³²■\u00A0"},
		{"ibm852", 0x80, "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00AD˝˛ˇ˘§÷¸°¨˙űŘř■\u00A0"},
		{"ibm855", 0x80, "ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐└┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№\u00ADыЫзЗшШэЭщЩчЧ§■\u00A0"},
		{"cp857", 0x80, "ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\uFFFDÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\uFFFD×ÚÛÙìÿ¯´\u00AD±\uFFFD¾¶§÷¸°¨·¹³²■\u00A0"},
		{"ibm858", 0x80, "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00AD±‗¾¶§÷¸°¨·¹³²■\u00A0"},
		{"ibm860", 0x80, "ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"cp861", 0x80, "ÇüéâäàåçêëèÐðÞÄÅÉæÆôöþûÝýÖÜø£Ø₧ƒáíóúÁÍÓÚ¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"ibm862", 0x80, "אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"ibm863", 0x80, "ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"cp864", 0x80, "°·∙√▒─│┼┤┬├┴┐┌└┘β∞φ±½¼≈«»ﻷﻸ\uFFFD\uFFFDﻻﻼ\uFFFD\u00A0\u00ADﺂ£¤ﺄ\uFFFD\uFFFDﺎﺏﺕﺙ،ﺝﺡﺥ٠١٢٣٤٥٦٧٨٩ﻑ؛ﺱﺵﺹ؟¢ﺀﺁﺃﺅﻊﺋﺍﺑﺓﺗﺛﺟﺣﺧﺩﺫﺭﺯﺳﺷﺻﺿﻁﻅﻋﻏ¦¬÷×ﻉـﻓﻗﻛﻟﻣﻧﻫﻭﻯﻳﺽﻌﻎﻍﻡﹽ\u0651ﻥﻩﻬﻰﻲﻐﻕﻵﻶﻝﻙﻱ■\uFFFD"},
		{"ibm865", 0x80, "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0"},
		{"ibm866", 0x80, "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u00A0"},
		{"cp869", 0x80, "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDΆ\uFFFD·¬¦‘’Έ―ΉΊΪΌ\uFFFD\uFFFDΎΫ©Ώ²³ά£έήίϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀ζηθικλμνξοπρσςτ΄\u00AD±υφχ§ψ΅°¨ωϋΰώ■\u00A0"},
		{"cp1125", 0x80, "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёҐґЄєІіЇї·√№¤■\u00A0"},
		{"macintosh", 0x80, "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00A0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uF8FFÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ"},
		{"mac-cyrillic", 0x80, "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ†°Ґ£§•¶І®©™Ђђ≠Ѓѓ∞±≤≥іµґЈЄєЇїЉљЊњјЅ¬√ƒ≈∆«»…\u00A0ЋћЌќѕ–—“”‘’÷„ЎўЏџ№Ёёяабвгдежзийклмнопрстуфхцчшщъыьэю€"},
		{"mac-greek", 0x80, "Ä¹²É³ÖÜ΅àâä΄¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩάΝ¬ΟΡ≈Τ«»…\u00A0ΥΧΆΈœ–―“”‘’÷ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u00AD"},
		{"mac-latin2", 0x80, "ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u00A0ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ"},
		{"mac-turkish", 0x80, "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00A0ÀÃÕŒœ–—“”‘’÷◊ÿŸĞğİıŞş‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uF8FFÒÚÛÙ\uF8A0ˆ˜¯˘˙˚¸˝˛ˇ"},
		{"mac-iceland", 0x80, "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûüÝ°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u00A0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€ÐðÞþý·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uF8FFÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ"},
		{"hp-roman8", 0x80, "\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008A\u008B\u008C\u008D\u008E\u008F\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009A\u009B\u009C\u009D\u009E\u009F\u00A0ÀÂÈÊËÎÏ´ˋˆ¨˜ÙÛ₤¯Ýý°ÇçÑñ¡¿¤£¥§ƒ¢âêôûáéóúàèòùäëöüÅîØÆåíøæÄìÖÜÉïßÔÁÃãÐðÍÌÓÒÕõŠšÚŸÿÞþ·µ¶¾—¼½ªº«■»±\uFFFD"},
		{"cp720", 0x80, "\u0080\u0081éâ\u0084à\u0086çêëèïî\u008D\u008E\u008F\u0090\u0651\u0652ô¤ـûùءآأؤ£إئابةتثجحخدذرزسشص«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ضطظعغفµقكلمنهوىي≡\u064B\u064C\u064D\u064E\u064F\u0650≈°∙·√ⁿ²■\u00A0"},
		{"cp856", 0x80, "אבגדהוזחטיךכלםמןנסעףפץצקרשת\uFFFD£\uFFFD×\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD®¬½¼\uFFFD«»░▒▓│┤\uFFFD\uFFFD\uFFFD©╣║╗╝¢¥┐└┴┬├─┼\uFFFD\uFFFD╚╔╩╦╠═╬¤\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD┘┌█▄¦\uFFFD▀\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDµ\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD¯´\u00AD±‗¾¶§÷¸°¨·¹³²■\u00A0"},
		{"cp1006", 0x80, "\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008A\u008B\u008C\u008D\u008E\u008F\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009A\u009B\u009C\u009D\u009E\u009F\u00A0۰۱۲۳۴۵۶۷۸۹،؛\u00AD؟ﺁﺍﺎﺎﺏﺑﭖﭘﺓﺕﺗﭦﭨﺙﺛﺝﺟﭺﭼﺡﺣﺥﺧﺩﮄﺫﺭﮌﺯﮊﺱﺳﺵﺷﺹﺻﺽﺿﻁﻅﻉﻊﻋﻌﻍﻎﻏﻐﻑﻓﻕﻗﻙﻛﮒﮔﻝﻟﻠﻡﻣﮞﻥﻧﺅﻭﮦﮨﮩﮪﺀﺉﺊﺋﻱﻲﻳﮰﮮﹼﹽ"},
	} {
		want := []rune(tt.want)
		if tt.first+len(want) != 0x100 {
			t.Fatalf("%s: %d characters from 0x%02X", tt.label, len(want), tt.first)
		}
		for i, r := range want {
			c := byte(tt.first + i)
			got, ok := DecodeCharset([]byte{c}, tt.label)
			if got != string(r) || ok != (r != '\uFFFD') {
				t.Errorf("%s 0x%02X: %q %v, Python reads %q", tt.label, c, got, ok, r)
			}
		}
	}
}

// TestCharsetsOfPython are texts in charsets of several bytes a character, with shifts,
// or in EBCDIC, as Python's codecs (3.11) read them.
func TestCharsetsOfPython(t *testing.T) {
	for _, tt := range []struct{ label, in, want string }{
		{"johab", "\x88a\x90a\x94a", "가나다"},
		{"johab", "\x88A\x90A\xD0A", "ㄱㄴㅎ"},
		{"johab", "\x84a\x84\x81\x87\xA1", "ㅏㅐㅣ"},
		{"johab", "\x84B\x84D\x84]", "ㄱㄳㅎ"},
		{"johab", "\xE01\xE0\x91\xF9\xFE", "伽感詰"},
		{"johab", "\xDA1\xDE\xF1", "！я"},
		{"euc-jis-2004", "\x8E\xB1\x8E\xDF", "ｱﾟ"},
		{"euc-jis-2004", "\xA4\xF7\xA4\xF8", "か\u309Aき\u309A"},
		{"euc-jis-2004", "\xAB\xE4", "˩"},
		{"euc-jis-2004", "\x8F\xA1\xA1\x8F\xA1\xA2", "𠂉丂"},
		{"euc-jis-2004", "\xCF\xD4\xF4\xFE", "𠮟撿"},
		{"euc-jis-2004", "\xAD\xA1\xAD\xB5", "①Ⅰ"},
		{"shift-jis-2004", "\xB1\xDF", "ｱﾟ"},
		{"shift-jis-2004", "\x82\xF5", "か\u309A"},
		{"shift-jis-2004", "\x86c", "æ\u0300"},
		{"shift-jis-2004", "\xF0@\xF0\x9F\xF0\xFC", "𠂉宖幭"},
		{"shift-jis-2004", "\xF4\xFC\xF5@\xFC\xF4", "㴞溓𪚲"},
		{"shift-jis-2004", "\x88\x9F\x98s\xEA\xA4", "亜𠮟熙"},
		{"iso-2022-jp", "\x1B$@F|K\\\x1B(B", "日本"},
		{"iso-2022-jp", "\x1B(J\\~\x1B(B\\~", "¥‾\\~"},
		{"iso-2022-jp-ext", "\x1B(I1_\x1B(B", "ｱﾟ"},
		{"iso-2022-jp-1", "\x1B$(D0!0\"\x1B(B", "丂丄"},
		{"iso-2022-jp-2", "\x1B.A\x1BNi\x1BN|", "éü"},
		{"iso-2022-jp-2", "\x1B.F\x1BNa\x1BNb", "αβ"},
		{"iso-2022-jp-2", "\x1B$AVPND\x1B(B", "中文"},
		{"iso-2022-jp-2", "\x1B$(CGQ19\x1B(B", "한국"},
		{"iso-2022-jp-2004", "\x1B$(Q!!$w\x1B(B", "\u3000か\u309A"},
		{"iso-2022-jp-3", "\x1B$(O$w\x1B$(P!\"\x1B(B", "か\u309A丂"},
		{"iso-2022-jp", "a\x1B$B$\"\x1B(Bb\x0D\x0Ac", "aあb\x0D\x0Ac"},
		{"iso-2022-kr", "\x1B$)C\x0EGQ19>n\x0F abc", "한국어 abc"},
		{"iso-2022-kr", "\x1B$)C\x0EGQ\x0F\x0A\x0E19\x0F", "한\x0A국"},
		{"hz-gb-2312", "a~~b~{VP~}c", "a~b中c"},
		{"hz-gb-2312", "~{VP~}~\x0A~{ND~}", "中文"},
		{"gb18030", "\x810\x810\x949\xDA3", "\u0080💩"},
		{"gb18030", "\xA2\xE3", "€"},
		{"big5", "\xA1@\xF9\xD5", "\u3000龘"},
		{"big5hkscs", "\x88b\x88\xA3\x87@", "Ê\u0304ê\u0304䏰"},
		{"shift_jis", "\x81_\x87@\xFA@\xB1", "＼①ⅰｱ"},
		{"euc-kr", "\xB0\xA1\x81A\xC6\xFE", "가갂퐁"},
		{"utf-7", "A+ImIDkQ.", "A≢Α."},
		{"utf-7", "+2D3eAA-", "😀"},
		{"utf-7", "1 +- 1 = 2", "1 + 1 = 2"},
		{"utf-7", "+AGEAYg-c", "abc"},
		{"utf-7", "+AOQ-+APY-", "äö"},
		{"utf-16", "\xFF\xFE=\xD8\x00\xDE", "😀"},
		{"utf-16be", "\xD8=\xDE\x00", "😀"},
		{"utf-32", "\x00\x00\xFE\xFF\x00\x01\xF6\x00", "😀"},
		{"utf-32le", "\x00\xF6\x01\x00a\x00\x00\x00", "😀a"},
		{"utf-32be", "\x00\x00\x00\xE4\x00\x00 \xAC", "ä€"},
		{"cp037", "\xC8\x85\x93\x93\x96@\xE6\x96\x99\x93\x84", "Hello World"},
		{"cp500", "\xC8\x85\x93\x93\x96O", "Hello!"},
		{"cp273", "\xD1j\x99\x87@\xC0\xD0\xA1", "Jörg äüß"},
		{"cp1140", "\x9F@\xF1\xF0\xF0", "€ 100"},
		{"cp875", "\x8A\x9C@\x8B\x9B", "αι βθ"},
		{"cp875", "ABC@DE", "ΑΒΓ ΔΕ"}, // capitals are where ASCII has letters
		{"cp875", "AIGUAA@\xF2\xF0\xF2\xF6", "ΑΙΗΞΑΑ 2026"},
		{"cp875", "QWYXk@bcde@K", "ΚΠΣΡ, ΤΥΦΧ ."},
		{"cp1026", "\xC8\x85\x93\x93\x96@JZ", "Hello ÇĞ"},
		{"cp424", "A@BCD@EF", "א בגד הו"},
	} {
		got, ok := DecodeCharset([]byte(tt.in), tt.label)
		if got = strings.TrimPrefix(got, "\uFEFF"); got != tt.want || !ok {
			t.Errorf("%s %q: %q %v, Python reads %q", tt.label, tt.in, got, ok, tt.want)
		}
	}
}

// TestDamagedCharsets are texts that are cut, or hold bytes that are none of their charset,
// as Python's codecs (3.11) replace them: ASCII behind the damage must be left.
func TestDamagedCharsets(t *testing.T) {
	for _, tt := range []struct{ label, in, want string }{
		{"utf-8", "a\xE2\x82", "a\uFFFD"},
		{"utf-8", "\xE2\x82x", "\uFFFDx"},
		{"utf-8", "\xF0\x9F\x98", "\uFFFD"},
		{"euc-jp", "a\xA4", "a\uFFFD"},
		{"euc-jp", "\xA4<b>", "\uFFFD<b>"},
		{"shift_jis", "\x81", "\uFFFD"},
		{"shift_jis", "a\x81<b>", "a\uFFFD<b>"},
		{"gbk", "\xD6<b>", "\uFFFD<b>"},
		{"gbk", "a\xD6", "a\uFFFD"},
		{"big5", "\xA4<b>", "\uFFFD<b>"},
		{"big5", "a\xA4", "a\uFFFD"},
		{"euc-kr", "\xB0<b>", "\uFFFD<b>"},
		{"gb18030", "a\x810<b>", "a\uFFFD0<b>"},
		{"johab", "a\x88", "a\uFFFD"},
		{"johab", "\x88<b>", "\uFFFD<b>"},
		{"johab", "\xD81x", "\uFFFD1x"},
		{"johab", "\xDF1x", "\uFFFD1x"},
		{"johab", "\xFF\xFFx", "\uFFFD\uFFFDx"},
		{"johab", "\xD9\x7Fx", "\uFFFD\x7Fx"},
		{"euc-jis-2004", "a\xA4", "a\uFFFD"},
		{"euc-jis-2004", "\xA4<b>", "\uFFFD<b>"},
		{"euc-jis-2004", "\x8F\xA1", "\uFFFD"},
		{"euc-jis-2004", "\x8F\xA2\xA1x", "\uFFFD◆x"},
		{"euc-jis-2004", "\x8E<b>", "\uFFFD<b>"},
		{"shift-jis-2004", "a\x81", "a\uFFFD"},
		{"shift-jis-2004", "\x81<b>", "\uFFFD<b>"},
		{"shift-jis-2004", "\xA0x", "\uFFFDx"},
		{"shift-jis-2004", "\xFD\xFEx", "\uFFFD\uFFFDx"},
		{"iso-2022-jp", "\x1B$B$", "\uFFFD"},
		{"utf-7", "a\xE4", "a\uFFFD"},
		{"utf-16le", "\xE4\x00\xFC", "ä\uFFFD"},
		{"utf-16le", "\x00\xD8\xE4\x00", "\uFFFDä"},
		{"utf-32le", "\x00\x00\x11\x00\xE4\x00\x00\x00", "\uFFFDä"},
		{"hz-gb-2312", "~{VP~", "中\uFFFD"},
	} {
		if got, ok := DecodeCharset([]byte(tt.in), tt.label); got != tt.want || ok {
			t.Errorf("%s %q: %q %v, Python reads %q", tt.label, tt.in, got, ok, tt.want)
		}
	}
}

// TestDamageOfOurReading are damages of which readers make different things; what
// counts is that each is told, and that what can be read is there.
func TestDamageOfOurReading(t *testing.T) {
	for name, tt := range map[string]struct{ label, in, want string }{
		"an overlong form":                    {"utf-8", "a\xC0\xAFb", "a\uFFFDb"},
		"a surrogate in UTF-8":                {"utf-8", "\xED\xA0\x80x", "\uFFFDx"},
		"beyond U+10FFFF":                     {"utf-8", "\xF4\x90\x80\x80x", "\uFFFDx"},
		"GB 18030 that is cut":                {"gb18030", "\x810\x81", "\uFFFD0\uFFFD"},
		"Johab of fillers alone":              {"johab", "\x84Ax", "\uFFFDAx"},
		"an escape that nobody knows":         {"iso-2022-jp", "\x1B%Gx", "\uFFFD%Gx"},
		"half a character before the shift":   {"iso-2022-kr", "\x1B$)C\x0EGQ1\x0F!", "한\uFFFD!"},
		"eight bits in ISO-2022-KR":           {"iso-2022-kr", "\xC7\xD1", "한"},
		"eight bits in ISO-2022-JP, UTF-8":    {"iso-2022-jp", "日", "日"},
		"eight bits in ISO-2022-JP":           {"iso-2022-jp", "\x93\xFA", "日"},
		"eight bits in ISO-2022-CN":           {"iso-2022-cn", "\xD6\xD0", "中"},
		"kana beyond its set":                 {"iso-2022-jp", "\x1B(I1z\x1B(B", "ｱ\uFFFD"},
		"a plane of CNS that is not read":     {"euc-tw", "\x8E\xA7\xA1\xA1x", "\uFFFDx"},
		"EUC-TW that is cut":                  {"euc-tw", "a\xC4", "a\uFFFD"},
		"EUC-TW before markup":                {"euc-tw", "\xC4<b>", "\uFFFD<b>"},
		"UTF-16 that ends in a high half":     {"utf-16be", "\x00\xE4\xD8\x3D", "ä\uFFFD"},
		"UTF-16 with a low half alone":        {"utf-16le", "\x00\xDC\xE4\x00", "\uFFFDä"},
		"UTF-16 with a high half alone":       {"utf-16le", "\x00\xD8\xE4\x00", "\uFFFDä"},
		"UTF-32 with a last odd byte":         {"utf-32le", "\xE4\x00\x00\x00\x00", "ä"},
		"UTF-32 with a surrogate":             {"utf-32be", "\x00\x00\xD8\x00\x00\x00\x00\xE4", "\uFFFDä"},
		"Greek EBCDIC that is ASCII":          {"cp875", "Pay 100 EUR", "Pay 100 EUR"},
		"Greek EBCDIC that is one word":       {"cp875", "INVOICE", "INVOICE"},
		"Greek EBCDIC that is an address":     {"cp875", "ann.lee@corp.example", "ann.lee@corp.example"},
		"Greek EBCDIC that has lines":         {"cp875", "Dear\nann@corp", "Dear\nann@corp"},
		"EBCDIC that is UTF-8":                {"cp500", "Prüfung der Zahlung", "Prüfung der Zahlung"},
		"a label that says nothing":           {"x-nothing", "\xE4", "ä"},
		"UTF-7 whose surrogate has no second": {"utf-7", "+2D3Y-x", "\uFFFDx"},
	} {
		if got, ok := DecodeCharset([]byte(tt.in), tt.label); got != tt.want || ok {
			t.Errorf("%s: %q %v, want %q", name, got, ok, tt.want)
		}
	}
}
